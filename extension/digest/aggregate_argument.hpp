// The constant arguments of an aggregate that has met no row: its final function is not given
// them. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// The value of an argument (counted from 0) of the aggregate whose final function is running.
/// False where it depends on a row, or where the plan does not show it.
bool aggregate_argument(FunctionCallInfo fcinfo, int argument, NullableDatum *value);

} // namespace custody::digest
