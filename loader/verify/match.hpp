// Which rows of a bucket differ between the sides: rows are matched by key hash, and what the sides
// have in common is taken away, one row for one row, so that doubled rows and keys count.
// Pure.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "loader/verify/differences.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

/// A difference as the hashes show it, before anybody looked at values.
struct Unlike {
    Kind kind = Kind::different;
    std::optional<RowId> source, target; // absent where the side lacks the row

    const digest::RowHash &key_hash() const { return (source ? source : target)->key_hash; }
    std::uint32_t bucket() const { return (source ? source : target)->bucket; }
};

struct Matching {
    std::function<void(Unlike &&)> unlike;
    std::function<void(const RowId &)> same; // of a row that both sides have; may be empty
};

/// All rows of some buckets, of both sides. Where rows of one key remain on both sides, pairs of
/// them are `different`; the rest is missing or extra. The order depends on the hashes alone.
void match(std::vector<RowId> source, std::vector<RowId> target, const Matching &matching);

} // namespace custody::verify
