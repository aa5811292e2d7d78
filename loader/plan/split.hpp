// How a table is cut into parts and its rows into buckets. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/plan/catalog.hpp"
#include "loader/plan/plan.hpp"

namespace custody::plan {

/// Rows of a table by its statistics; by the width of a row, as the server does, where it was never
/// vacuumed or analyzed.
std::int64_t estimate_rows(const Measure &measure, std::size_t columns);

/// Number of parts so that none is much larger than `part_size`; at least 1, at most kMaxParts.
int wanted_parts(std::int64_t bytes, std::int64_t part_size);
inline constexpr int kMaxParts = 8192;

/// Even ranges of blocks [0, blocks); open at both ends, so that the parts tile the relation
/// however much it grows. At most one part per block.
std::vector<Part> split_blocks(std::int64_t blocks, int parts);

/// Even ranges of the key values [lowest, highest], open at both ends.
std::vector<Part> split_keys(std::int64_t lowest, std::int64_t highest, int parts);

/// Ranges of neighbours among things of these sizes, each as many as fit `part_size` or a single
/// one; open at both ends.
std::vector<Part> split_sizes(const std::vector<std::int64_t> &sizes, std::int64_t part_size);

/// A power of two: 1 for small tables, then about one per 4096 rows up to 1024; less where many
/// parts would make the state large, as each part keeps 24 bytes per bucket.
std::uint32_t bucket_count(std::int64_t estimated_rows, std::size_t parts);

} // namespace custody::plan
