// The roles that custody.protection names: what policies bind must not choose its own context.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

/// A role that policies bind and that the session's, the set or the current role is or can become;
/// InvalidOid where there is none. What a superuser could become is not counted. Plain C-style.
Oid find_bound_role();

} // namespace custody::tenant
