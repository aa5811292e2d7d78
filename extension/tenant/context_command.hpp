// A context's end is looked at once per command: at the first use by a portal of a client's
// message. A command that began in time may finish; a cursor's next FETCH is a command of its own,
// and looks also when nothing of its plan asks for the context again. Rows that a cursor read in
// one context are not for another one.
#pragma once

#include "extension/tenant/context.hpp"

namespace custody::tenant {

/// Whether the command that runs may use the context: it began in time. May ereport.
bool is_in_time(const Context &context);

/// What accessors made of the context, and for which portal's command it was in time the last time
/// that somebody looked. Both are forgotten when the context or the transaction changes, the latter
/// also when the portal is run again or dropped: so one comparison tells that nothing has changed.
struct Made {
    Portal portal;
    unsigned have; // bits of values
    Datum values[16];
};
extern Made made;

/// Watches the portals that used a context. Once, from init_context().
void watch_portals();

/// Told by the setting.
void context_changed() noexcept;
void transaction_ended() noexcept;

} // namespace custody::tenant
