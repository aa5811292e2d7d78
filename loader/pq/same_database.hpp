// Whether two sessions are connected to one database, found by behaviour: servers made from copied
// files share their system identifier, and names prove nothing.
#pragma once

#include "loader/pq/connection.hpp"

namespace custody::pq {

/// Takes an advisory lock in the transaction of `one` (in one of its own where none is open), which
/// only a session of the same database sees. A standby and its primary are two.
bool same_database(Connection &one, Connection &other);

/// Throws Error "compared-with-itself" (refused): what is compared with itself is always equal.
void require_two_databases(Connection &source, Connection &target);

} // namespace custody::pq
