// What servers of different versions tell differently about the same thing is made the same, and
// only where the versions of the two sides explain it. docs/loader.md lists the cases. Pure.
#pragma once

#include "loader/compare/model.hpp"

namespace custody::compare {

/// Both sides with the target's names (Scope::rename).
void normalise(Catalog &source, Catalog &target);

} // namespace custody::compare
