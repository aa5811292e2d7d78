// Of long values only what a report shows of them, so that rows with long values can be named in
// bounded memory. Pure.
#pragma once

#include "loader/verify/differences.hpp"

namespace custody::verify {

inline constexpr std::size_t kWholeValue = 1 << 14; // longer ones become pieces

/// Keeps the key, and of other values what is told of a row: the columns that differ; all of them
/// where there is no key.
void keep_pieces(Difference &difference);

} // namespace custody::verify
