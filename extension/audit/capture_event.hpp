// From a row of a table to events of the ledger: what the capture trigger, a baseline and a
// TRUNCATE have in common. Plain C-style.
#pragma once

#include "extension/audit/capture_row.hpp"

namespace custody::audit {

/// When and by which command a row changed.
struct Moment {
    uint32 cid;
    XLogRecPtr lsn;
};
/// `cid` and the position in the write-ahead log that holds for changes of the relation up to now.
Moment moment_now(Relation relation, uint32 cid);

/// One row with its whole image: new (I, B, E, N) or old (D, L, M). Returns its sequence number.
uint32 capture_whole(const CaptureTable *table, char op, RowValues row, Moment moment, uint32 pair);

/// An UPDATE of a row where it is: U, or L and E.
void capture_update(const CaptureTable *table, RowValues old_row, RowValues new_row, Moment moment);

/// A text (S, T) that concerns a table, or none (0). Returns its sequence number.
uint32 capture_note(int32 tbl, char op, const char *json, bool with_query);

/// Raises insufficient_privilege where the table asks for a context that is not there.
void check_required_context(const CaptureTable *table, Relation relation);

/// A copy of the argument of the relation's capture trigger; nullptr where it has none.
const char *capture_identity(Relation relation);

} // namespace custody::audit
