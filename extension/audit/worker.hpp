// The optional background worker that seals (shared_preload_libraries = 'custody').
#pragma once

namespace custody::audit {

/// Defines its settings and registers a worker for each database that they name. Once, from
/// _PG_init; does nothing unless the library is preloaded. Plain C-style.
void init_sealer();

} // namespace custody::audit
