// The hasher that a table's plan asks for.
#pragma once

#include "common/wire_row.hpp"
#include "loader/plan/plan.hpp"

namespace custody::copy {

wire::StreamHasher make_hasher(const plan::Table &table);

} // namespace custody::copy
