// What must come before what. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace custody::repair {

/// before[n]: the nodes that have to come before n.
using Precedence = std::vector<std::vector<std::size_t>>;

/// All nodes, so that each comes after what has to come before it, otherwise by number; nodes that
/// have to come before each other are together, by number. Without recursion: a chain of rows may
/// be as long as a table.
std::vector<std::vector<std::size_t>> in_order(const Precedence &before);

} // namespace custody::repair
