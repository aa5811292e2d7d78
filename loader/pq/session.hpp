// How the loader's sessions are set: everything that could change the text or the number of the
// rows that a server sends is pinned, and nothing of the role's defaults may time a session out.
#pragma once

#include "loader/pq/connection.hpp"

namespace custody::pq {

/// Sends the settings of a session that reads rows (either side).
void pin(Connection &connection);

/// Sends those of a session that writes to the target: pin(), and triggers and rules that are not
/// ENABLE ALWAYS or REPLICA do not fire. Throws Error "replica-role-denied" where that is refused.
void pin_target(Connection &connection);

} // namespace custody::pq
