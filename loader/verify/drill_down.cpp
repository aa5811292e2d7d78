#include "loader/verify/drill_down.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "loader/core/signals.hpp"

namespace custody::verify {
namespace {

constexpr std::size_t kMostValues = 1000;     // rows of one question for values
constexpr std::size_t kValueBytes = 16 << 20; // or as many as have about this size
constexpr std::size_t kOneByOne = 32;         // first rows, to see how long they are

std::vector<RowId> rows_of(Side &side, const Subject &subject,
                           std::span<const std::uint32_t> wanted) {
    std::vector<RowId> rows;
    side.rows(subject, wanted, [&](RowId &&row) { rows.push_back(std::move(row)); });
    return rows;
}

/// How many rows one question asks for, so that the values of long rows do not pile up. What the
/// table takes on the disk does not tell: long values are compressed there.
class Pieces {
  public:
    std::size_t next() const {
        return seen_ < kOneByOne ? 1
                                 : std::clamp(kValueBytes / std::max<std::size_t>(longest_, 1),
                                              std::size_t{1}, kMostValues);
    }
    void see(const std::vector<std::optional<std::string>> &values) {
        std::size_t bytes = 0;
        for (const auto &value : values)
            bytes += value ? value->size() : 0;
        longest_ = std::max(longest_, bytes);
        ++seen_;
    }

  private:
    std::size_t seen_ = 0, longest_ = 0; // rows; bytes of the longest
};

using Place = std::pair<std::uint32_t, std::uint64_t>;
using Values = std::map<Place, RowValues>;

Place place_of(const RowId &id) { return {id.relation, id.ctid}; }

Values values_of(Side &side, const Subject &subject, std::span<const Unlike> found,
                 std::optional<RowId> Unlike::*which) {
    std::vector<RowId> wanted;
    for (const auto &unlike : found)
        if (unlike.*which)
            wanted.push_back(*(unlike.*which));
    Values values;
    if (wanted.empty())
        return values;
    for (auto &row : side.values(subject, wanted))
        values.insert_or_assign(place_of(row.id), std::move(row));
    return values;
}

/// Each is asked for once.
std::optional<RowValues> take_value(Values &values, const std::optional<RowId> &id) {
    if (!id)
        return std::nullopt;
    auto found = values.extract(place_of(*id));
    if (found.empty())
        return std::nullopt;
    RowValues row = std::move(found.mapped());
    row.id = *id;
    return row;
}

void add_key(const plan::Table &table, const std::vector<std::optional<std::string>> &values,
             Difference &difference) {
    for (const auto &name : table.key)
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            if (table.columns[i].name == name)
                difference.key.push_back(values.at(i));
}

Difference with_values(const plan::Table &table, const Unlike &unlike, Values &source,
                       Values &target) {
    Difference difference;
    difference.kind = unlike.kind;
    difference.source = take_value(source, unlike.source);
    difference.target = take_value(target, unlike.target);
    if (difference.source || difference.target)
        add_key(table, (difference.source ? difference.source : difference.target)->values,
                difference);
    if (difference.source && difference.target)
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            if (difference.source->values.at(i) != difference.target->values.at(i))
                difference.columns.push_back({table.columns[i].name, difference.source->values[i],
                                              difference.target->values[i]});
    return difference;
}

void count(TableDifferences &total, Kind kind) {
    total.missing += kind == Kind::missing ? 1 : 0;
    total.extra += kind == Kind::extra ? 1 : 0;
    total.different += kind == Kind::different ? 1 : 0;
}

} // namespace

std::vector<BucketRows> differing_buckets(std::span<const digest::DigestValue> source,
                                          std::span<const digest::DigestValue> target) {
    if (source.size() != target.size())
        throw digest::DigestError("the sides have different numbers of buckets");
    std::vector<BucketRows> differing;
    for (std::uint32_t bucket = 0; bucket < source.size(); ++bucket) {
        if (!source[bucket].like(target[bucket]))
            throw digest::DigestError("the digests of the sides are of different kinds");
        if (!source[bucket].same(target[bucket]))
            differing.push_back({bucket, source[bucket].rows + target[bucket].rows});
    }
    return differing;
}

std::uint64_t find_differences(Side &source, Side &target, const Subject &subject,
                               std::span<const BucketRows> buckets, std::uint64_t batch_rows,
                               const Matching &matching) {
    std::uint64_t shipped = 0;
    for (std::size_t next = 0; next < buckets.size();) {
        throw_if_stopped();
        std::vector<std::uint32_t> wanted;
        for (std::uint64_t rows = 0;
             next < buckets.size() && (wanted.empty() || rows + buckets[next].rows <= batch_rows);
             ++next) {
            rows += buckets[next].rows;
            wanted.push_back(buckets[next].bucket);
        }
        auto left = rows_of(source, subject, wanted);
        auto right = rows_of(target, subject, wanted);
        shipped += left.size() + right.size();
        match(std::move(left), std::move(right), matching);
    }
    return shipped;
}

void read_values(Side &source, Side &target, const Subject &subject, std::span<const Unlike> found,
                 const std::function<void(Difference &&)> &each) {
    Pieces pieces;
    while (!found.empty()) {
        throw_if_stopped();
        const auto now = found.first(std::min(pieces.next(), found.size()));
        auto left = values_of(source, subject, now, &Unlike::source);
        auto right = values_of(target, subject, now, &Unlike::target);
        for (const auto *side : {&left, &right})
            for (const auto &[place, row] : *side)
                pieces.see(row.values);
        for (const auto &unlike : now)
            each(with_values(*subject.table, unlike, left, right));
        found = found.subspan(now.size());
    }
}

TableDifferences drill_down(Side &source, Side &target, const Subject &subject,
                            std::span<const BucketRows> buckets, const DrillDown &options,
                            const std::function<void(Difference &&)> &each) {
    TableDifferences total = no_differences(*subject.table);
    std::uint64_t left = options.limit;
    std::vector<Unlike> waiting; // for their values
    const auto read = [&] {
        read_values(source, target, subject, waiting, [&](Difference &&difference) {
            if (each)
                each(std::move(difference));
            else
                total.rows.push_back(std::move(difference));
        });
        waiting.clear();
    };
    total.rows_shipped = find_differences(source, target, subject, buckets, options.batch_rows,
                                          {[&](Unlike &&unlike) {
                                               count(total, unlike.kind);
                                               if (left == 0)
                                                   return;
                                               --left;
                                               waiting.push_back(std::move(unlike));
                                               if (waiting.size() == kMostValues)
                                                   read();
                                           },
                                           {}});
    read();
    total.unsettled = total.total();
    sort_by_key(total.rows);
    return total;
}

TableDifferences no_differences(const plan::Table &table) {
    TableDifferences none;
    none.key = table.key;
    for (const auto &column : table.columns)
        none.columns.push_back(column.name);
    return none;
}

void redact(TableDifferences &differences) {
    differences.redacted = true;
    for (auto &row : differences.rows) {
        row.key.clear();
        for (auto *side : {&row.source, &row.target})
            if (*side)
                (*side)->values.clear();
        for (auto &column : row.columns)
            column.source = column.target = std::nullopt;
    }
}

void sort_by_key(std::vector<Difference> &differences) {
    std::stable_sort(differences.begin(), differences.end(),
                     [](const Difference &a, const Difference &b) {
                         return std::lexicographical_compare(
                             a.key.begin(), a.key.end(), b.key.begin(), b.key.end(),
                             [](const auto &x, const auto &y) {
                                 if (!x || !y)
                                     return x.has_value() < y.has_value();
                                 return std::make_pair(x->size(), std::string_view(*x)) <
                                        std::make_pair(y->size(), std::string_view(*y));
                             });
                     });
}

} // namespace custody::verify
