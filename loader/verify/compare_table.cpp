#include "loader/verify/compare_table.hpp"

#include <future>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "common/sql_profile.hpp"
#include "loader/verify/digests.hpp"
#include "loader/verify/drill_down.hpp"
#include "loader/verify/drill_table.hpp"
#include "loader/verify/side_extension.hpp"
#include "loader/verify/side_sql.hpp"
#include "loader/verify/side_stored.hpp"
#include "loader/verify/side_stream.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::verify {
namespace {

using Digests = std::vector<digest::DigestValue>;

struct Pair {
    Digests source, target;
};

/// One table while it is compared: its connections, kept to the end of the comparison.
class TableComparison {
  public:
    TableComparison(const Shared &shared, run::Worker &worker, const Item &item)
        : shared_(shared), item_(item), target_(worker.target_of(item.table)) {
        if (shared.source != nullptr)
            source_ = std::unique_ptr<copy::Lease>(new copy::Lease(worker.source_of(item.table)));
        result_.type = "table";
        result_.schema = item.table.schema;
        result_.name = item.table.schema + "." + item.table.name;
        result_.target_name = item.table.target_schema + "." + item.table.target_name;
        result_.ways = item.ways;
        bar_ = shared.progress.start(result_.name, item.table.estimated_rows, item.table.bytes);
    }

    Comparison compare() {
        const auto subject = subject_of(item_.table, item_.ways, item_.condition);
        const auto source = side(Which::source, item_.ways.source);
        const auto target = side(Which::target, item_.ways.target);
        const auto digests = read(*source, *target, subject);
        judge(digests);
        if (result_.differing_buckets > 0 && source_ != nullptr && !shared_.options.no_drill_down)
            drill_table(shared_, item_, {connection(Which::source), connection(Which::target)},
                        digests.source, digests.target, result_);
        if (result_.verdict == protocol::verdict::kEqual)
            judge_values();
        require_unchanged();
        shared_.progress.finish(bar_, result_.verdict);
        return std::move(result_);
    }

    std::uint64_t longest_row() const { return longest_row_; }

  private:
    pq::Connection &connection(Which which) {
        return which == Which::source ? source_->connection() : target_.connection();
    }

    std::unique_ptr<Side> side(Which which, Way way) {
        switch (way) {
        case Way::stored:
            return std::make_unique<StoredSide>(item_.remembered->digests);
        case Way::extension:
            return std::make_unique<ExtensionSide>(connection(which), which);
        case Way::sql:
            return std::make_unique<SqlSide>(connection(which), which);
        default:
            return std::make_unique<StreamSide>(
                connection(which), which, which == Which::source ? &shared_.limiter : nullptr,
                [this, which](std::uint64_t rows, std::uint64_t bytes) {
                    show(which, rows, bytes);
                });
        }
    }

    // One side's rows stand for the table.
    void show(Which which, std::uint64_t rows, std::uint64_t bytes) {
        if (which == Which::source || item_.ways.source != Way::stream)
            shared_.progress.add(bar_, static_cast<std::int64_t>(rows),
                                 static_cast<std::int64_t>(bytes));
    }

    Pair read(Side &source, Side &target, const Subject &subject) {
        auto reading = std::async(std::launch::async, [&] { return target.buckets(subject); });
        Pair pair;
        pair.source = source.buckets(subject);
        pair.target = reading.get();
        for (Side *side : {&source, &target})
            if (const auto *stream = dynamic_cast<StreamSide *>(side); stream != nullptr)
                longest_row_ = std::max(longest_row_, stream->longest_row());
        return pair;
    }

    void differ(std::string reason) {
        result_.verdict = protocol::verdict::kDifferent;
        result_.reason = std::move(reason);
    }

    void judge(const Pair &pair) {
        const auto source = total_of(pair.source);
        const auto target = total_of(pair.target);
        result_.source_rows = static_cast<std::int64_t>(source.rows);
        result_.target_rows = static_cast<std::int64_t>(target.rows);
        result_.source = source.sum_hex();
        result_.target = target.sum_hex();
        result_.verdict = protocol::verdict::kEqual;
        const auto differing = differing_buckets(pair.source, pair.target);
        result_.differing_buckets = static_cast<std::uint32_t>(differing.size());
        if (differing.empty())
            return;
        const auto buckets =
            item_.ways.profile == digest::Profile::evidence
                ? std::string("the digests differ")
                : fmt::format("{} of {} buckets differ", differing.size(), pair.source.size());
        differ(source.rows == target.rows
                   ? buckets
                   : fmt::format("{} rows on the source, {} on the target; {}", source.rows,
                                 target.rows, buckets));
    }

    /// What equal digests do not say.
    void judge_values() {
        const auto subject = subject_of(item_.table, item_.ways, item_.condition);
        if (const auto wrong = wrong_generated_rows(connection(Which::target), item_.table,
                                                    reading_of(subject, Which::target).condition);
            wrong > 0)
            return differ(fmt::format(
                "{} rows hold a generated column that its expression does not yield", wrong));
        if (source_ == nullptr)
            return;
        plan::Table selected = item_.table;
        selected.row_filter = reading_of(subject, Which::source).condition;
        if (const auto lossy = lossy_rows(connection(Which::source), selected); lossy > 0)
            differ(fmt::format("{} rows did not survive a cast", lossy));
    }

    /// Before the leases end: what they read could have been emptied while no connection held it.
    void require_unchanged() {
        if (source_ != nullptr)
            for (const auto &relation : item_.source)
                shared_.source->require_unchanged(connection(Which::source), relation.oid);
        for (const auto &relation : item_.target)
            shared_.target.require_unchanged(connection(Which::target), relation.oid);
    }

    const Shared &shared_;
    const Item &item_;
    std::unique_ptr<copy::Lease> source_;
    copy::Lease target_;
    Comparison result_;
    ui::Progress::TableHandle bar_ = nullptr;
    std::uint64_t longest_row_ = 0;
};

} // namespace

Comparison compare_table(const Shared &shared, run::Worker &worker, const Item &item) {
    if (!item.ways.impossible.empty()) {
        auto result =
            unverified("table", item.table.schema + "." + item.table.name, item.ways.impossible);
        result.ways = item.ways;
        return result;
    }
    Comparison result;
    std::uint64_t longest_row = 0;
    {
        TableComparison comparison(shared, worker, item);
        result = comparison.compare();
        longest_row = comparison.longest_row();
    }
    worker.forget_giant_row(longest_row);
    return result;
}

} // namespace custody::verify
