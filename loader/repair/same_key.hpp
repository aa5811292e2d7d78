// Rows whose keys the target calls equal although they are written differently: 1.0 and 1.00, -0
// and 0, two spellings of a citext. A comparison sees one that is missing and one that is extra.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "loader/repair/target.hpp"
#include "loader/verify/differences.hpp"

namespace custody::repair {

/// Pairs of numbers in `rows`, missing and extra; none where "=" tells all keys apart.
/// `target` is pinned (pq/session.hpp).
std::vector<std::pair<std::size_t, std::size_t>>
same_keys(pq::Connection &target, const TargetTable &table,
          const std::vector<verify::Difference> &rows);

} // namespace custody::repair
