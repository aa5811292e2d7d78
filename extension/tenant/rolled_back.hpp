// Work whose effects on the database are undone whatever comes of it. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

/// Runs work(state) in a subtransaction that is always rolled back; the caller's memory context is
/// the current one in it. What a subtransaction cannot undo, advisory locks of the session, raises.
/// False: it raised, and *error is the message. A cancelled query, a terminated session and
/// resources that ran out are raised on.
bool run_rolled_back(void (*work)(void *), void *state, char **error);

} // namespace custody::tenant
