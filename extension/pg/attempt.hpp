// A call that may fail on the data it meets, and whose failure is an answer. Plain C-style.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::pg {

/// Calls thunk(frame) in a subtransaction of its own; memory context and resource owner stay the
/// caller's. False where it raised an error, of which its `message` is kept; what cancels the
/// statement, runs out of resources or is an internal error is raised on; of `others` code, which
/// may raise what it wants, only what the server itself raises to cancel the statement.
bool attempt(void (*thunk)(void *), void *frame, bool others = false, char **message = nullptr);

} // namespace custody::pg
