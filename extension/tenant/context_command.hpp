// A context's end is looked at once per command: at the first use by a portal of a client's
// message. A command that began in time may finish; a cursor's next FETCH is a command of its own,
// and looks also when nothing of its plan asks for the context again. Rows that a cursor read in
// one context are not for another one.
#pragma once

#include "extension/tenant/context.hpp"

namespace custody::tenant {

/// Whether the command that runs may use the context: it began in time. May ereport.
bool is_in_time(const Context &context);

/// Which use of which context this is: where nothing of it changed, the answer is the same.
struct CommandKey {
    Portal portal = nullptr;
    TimestampTz statement = DT_NOBEGIN; // of no statement
};

/// Whether the last is_in_time() was true, and for the command that still runs. For hot paths.
extern CommandKey in_time_key;
inline bool is_same_command() {
    return in_time_key.portal == ActivePortal &&
           in_time_key.statement == GetCurrentStatementStartTimestamp();
}

/// Counts the contexts and transactions of this backend: what was kept for another number is stale.
std::uint64_t context_generation() noexcept;

/// Watches the portals that used a context. Once, from init_context().
void watch_portals();

/// Told by the setting.
void context_changed() noexcept;
void transaction_ended() noexcept;

} // namespace custody::tenant
