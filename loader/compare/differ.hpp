// The differences between two sides. Pure.
#pragma once

#include "loader/compare/ignore.hpp"
#include "loader/compare/model.hpp"

namespace custody::compare {

/// The source's objects stand under the target's names (Scope::rename); `kinds` is the order in
/// which classes are reported. Takes the objects out of both.
Comparison differences(Catalog source, Catalog target, const std::vector<std::string> &kinds,
                       IgnoreList &ignore);

} // namespace custody::compare
