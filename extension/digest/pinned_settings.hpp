// The settings under which output functions write (the text form), for the time of one call: a
// parallel worker has the session's own. Those that hold already cost next to nothing.
// Plain C-style; an ERROR in between restores them with the transaction's own settings.
#pragma once

namespace custody::digest {

/// Returns the nesting level to give to unpin_settings(); 0 where all of them held.
int pin_settings();
void unpin_settings(int level);

} // namespace custody::digest
