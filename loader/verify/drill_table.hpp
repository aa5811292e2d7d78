// Which rows of a table differ whose digests do: in what ways they are looked for, and what the
// differences add up to on databases that are written to.
#pragma once

#include "loader/verify/compare_table.hpp"

namespace custody::verify {

/// The table's connections, in transactions under the verification's snapshots.
struct TableConnections {
    pq::Connection &source, &target;
    pq::Connection &of(Which which) const { return which == Which::source ? source : target; }
};

/// What the comparison knows of the table's size.
struct Sizes {
    std::uint64_t rows = 0;           // of the larger side
    std::uint64_t largest_bucket = 0; // of those that differ: rows of both sides
};

Sizes sizes_of(const std::vector<digest::DigestValue> &source,
               const std::vector<digest::DigestValue> &target);

/// In what ways a drill-down asks: those of the comparison where it asked both servers; otherwise
/// the extensions, or plain SQL on the side without one (and then both in the profile sql). In more
/// buckets where those of the comparison, made for the rows that were expected, hold too many.
Ways drill_ways(const Scope &scope, const Item &item, const Sizes &sizes);

/// Fills in the differences and, with them, verdict and reason. `source` and `target`: the digests
/// that the comparison found. Where the rows cannot be looked for, only the reason says so;
/// where they were and could not be looked at again, the table is unverified.
void drill_table(const Shared &shared, const Item &item, const TableConnections &connections,
                 const std::vector<digest::DigestValue> &source,
                 const std::vector<digest::DigestValue> &target, Comparison &result);

} // namespace custody::verify
