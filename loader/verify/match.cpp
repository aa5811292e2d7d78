#include "loader/verify/match.hpp"

#include <algorithm>
#include <tuple>

namespace custody::verify {
namespace {

using Rows = std::vector<RowId>;

auto key_of(const RowId &row) { return std::tie(row.bucket, row.key_hash); }

void sort(Rows &rows) {
    std::sort(rows.begin(), rows.end(), [](const RowId &a, const RowId &b) {
        return std::tie(a.bucket, a.key_hash, a.row_hash, a.relation, a.ctid) <
               std::tie(b.bucket, b.key_hash, b.row_hash, b.relation, b.ctid);
    });
}

/// The rows of one key, sorted by row hash, from `next` on; moves `next` past them.
std::span<const RowId> take(const Rows &rows, std::size_t &next,
                            const std::tuple<const std::uint32_t &, const digest::RowHash &> &key) {
    const std::size_t first = next;
    while (next < rows.size() && key_of(rows[next]) == key)
        ++next;
    return {rows.data() + first, next - first};
}

struct Rest {
    std::vector<const RowId *> source, target;
};

/// What one side has and the other has not.
Rest without_common(std::span<const RowId> source, std::span<const RowId> target,
                    const Matching &matching) {
    Rest rest;
    auto s = source.begin();
    auto t = target.begin();
    while (s != source.end() || t != target.end()) {
        if (t == target.end() || (s != source.end() && s->row_hash < t->row_hash)) {
            rest.source.push_back(&*s++);
        } else if (s == source.end() || t->row_hash < s->row_hash) {
            rest.target.push_back(&*t++);
        } else {
            if (matching.same)
                matching.same(*s);
            ++s;
            ++t;
        }
    }
    return rest;
}

void tell(const Rest &rest, const Matching &matching) {
    const std::size_t pairs = std::min(rest.source.size(), rest.target.size());
    for (std::size_t i = 0; i < pairs; ++i)
        matching.unlike({Kind::different, *rest.source[i], *rest.target[i]});
    for (std::size_t i = pairs; i < rest.source.size(); ++i)
        matching.unlike({Kind::missing, *rest.source[i], std::nullopt});
    for (std::size_t i = pairs; i < rest.target.size(); ++i)
        matching.unlike({Kind::extra, std::nullopt, *rest.target[i]});
}

} // namespace

void match(Rows source, Rows target, const Matching &matching) {
    sort(source);
    sort(target);
    std::size_t s = 0;
    std::size_t t = 0;
    while (s < source.size() || t < target.size()) {
        const bool from_source =
            t == target.size() || (s < source.size() && key_of(source[s]) <= key_of(target[t]));
        const auto key = key_of(from_source ? source[s] : target[t]);
        const auto left = take(source, s, key);
        const auto right = take(target, t, key);
        tell(without_common(left, right, matching), matching);
    }
}

} // namespace custody::verify
