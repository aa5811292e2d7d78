// Who may make, rename and alter the triggers that record and hold. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// Raises insufficient_privilege where a command is about a trigger with one of custody's
/// functions, which are in `schema`, and its caller is no superuser. To be called as whoever runs
/// the command: what a session says of itself is that of somebody else in code that he has others
/// run.
void refuse_own_triggers(Node *statement, Oid schema);

} // namespace custody::audit
