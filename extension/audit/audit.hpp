// The audit ledger's part of the library's start.
#pragma once

namespace custody::audit {

/// Registers callbacks. Once, from _PG_init. Plain C-style.
void init_audit();

} // namespace custody::audit
