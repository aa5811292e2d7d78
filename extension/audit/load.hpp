// Rows that a migration loads: counted instead of recorded one by one. A load is open from
// custody.begin_load() to custody.end_load() of one transaction, which writes the event that stands
// for them; a transaction with an open load cannot commit. Plain C-style.
#pragma once

#include "extension/audit/capture_table.hpp"

namespace custody::audit {

/// True where the row inserted is one of an open load: it has been counted and needs no event.
bool counts_as_loaded(const CaptureTable *table) noexcept;

/// Registers what keeps an open load from being committed. Once, from init_audit().
void watch_loads();

} // namespace custody::audit
