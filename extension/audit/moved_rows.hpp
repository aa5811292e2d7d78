// Rows that an UPDATE takes from one partition to another: the server deletes and inserts them, and
// which row that comes is which that left is told here. Plain C-style.
#pragma once

#include "extension/audit/capture_table.hpp"

namespace custody::audit {

/// A row left its partition, as event `seq` of the transaction: the next that comes by the same
/// command may be it.
void remember_moved(const CaptureTable *table, uint32 cid, uint32 seq);

/// The event that a row which comes goes on with, or none: also where the command inserts rows
/// besides and a trigger may have kept out the one that left, so that nobody can tell.
uint32 take_moved(const CaptureTable *table, uint32 cid);

/// Registers what tells which command is being finished. Once, from init_audit().
void watch_commands();

} // namespace custody::audit
