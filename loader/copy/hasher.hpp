// The hasher that a table's plan asks for.
#pragma once

#include "common/wire_row.hpp"
#include "loader/plan/plan.hpp"

namespace custody::copy {

wire::StreamHasher make_hasher(const plan::Table &table);
/// In another form or profile, or with other buckets, than the plan has them.
wire::StreamHasher make_hasher(const plan::Table &table, wire::Form form, std::uint32_t buckets,
                               digest::Profile profile);

} // namespace custody::copy
