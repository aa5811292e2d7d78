// The settings under which output functions write (the text form), for the time of one call.
// Plain C-style; an ERROR in between restores them with the transaction's own settings.
#pragma once

namespace custody::digest {

/// Returns the nesting level to give to unpin_settings().
int pin_settings();
void unpin_settings(int level);

} // namespace custody::digest
