// The plan as a person reads it on a terminal; --dry-run and `custody plan` print it.
#pragma once

#include <string>

#include "loader/plan/plan.hpp"

namespace custody::plan {

/// One finding, with its hint on a line of its own.
std::string describe(const Finding &finding);

/// One aligned table, then what needs a sentence, what is not moved, and the findings.
std::string describe(const Plan &plan);

} // namespace custody::plan
