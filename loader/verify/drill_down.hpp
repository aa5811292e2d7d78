// From differing buckets to rows to columns. Only hashes of the rows of differing buckets travel,
// in batches of buckets that bound the memory; values only of the rows that are to be named.
// Both sides answer in one profile (Subject::profile), each under one snapshot.
// Errors: what the sides throw; digest::DigestError for digests that do not compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "loader/verify/differences.hpp"
#include "loader/verify/match.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

struct BucketRows {
    std::uint32_t bucket = 0;
    std::uint64_t rows = 0; // of both sides
};

/// The buckets whose digests differ. Throws digest::DigestError when they are unlike.
std::vector<BucketRows> differing_buckets(std::span<const digest::DigestValue> source,
                                          std::span<const digest::DigestValue> target);

/// Hashes held at a time, about 100 bytes each, unless a single bucket has more.
inline constexpr std::uint64_t kBatchRows = 1 << 19;
inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

struct DrillDown {
    std::uint64_t limit = 20; // differences with values; the rest is counted
    std::uint64_t batch_rows = kBatchRows;
    bool whole_values = true; // otherwise of long ones what a report shows
};

/// Without values: every difference goes to matching.unlike, in the order of their buckets'
/// batches. Returns the row hashes that travelled.
std::uint64_t find_differences(Side &source, Side &target, const Subject &subject,
                               std::span<const BucketRows> buckets, std::uint64_t batch_rows,
                               const Matching &matching);

/// The values of both sides and the columns in which they differ; in pieces that keep the memory
/// small when rows are long. Each difference goes to `each`.
void read_values(Side &source, Side &target, const Subject &subject, std::span<const Unlike> found,
                 const std::function<void(Difference &&)> &each);

/// All differences of a table, counted; up to the limit with their values in `rows`, or, where
/// `each` is given, to it as they are found (with kUnlimited all of them, in bounded memory).
TableDifferences drill_down(Side &source, Side &target, const Subject &subject,
                            std::span<const BucketRows> buckets, const DrillDown &options,
                            const std::function<void(Difference &&)> &each = {});

/// Nothing yet, with the names of the table's columns.
TableDifferences no_differences(const plan::Table &table);

/// Keys as a reader expects them: shorter texts first, so that 9 comes before 10.
void sort_by_key(std::vector<Difference> &differences);

} // namespace custody::verify
