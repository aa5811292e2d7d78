// The work of a run, from the schema to the last verdict; what is done already is skipped.
#pragma once

#include <vector>

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"

namespace custody::run {

/// Does all that is pending, on `jobs` workers. Returns the failures that did not stop it; throws
/// the one that did (a stop request, a lost snapshot, a server that is gone).
std::vector<Failure> execute(Context &context);

} // namespace custody::run
