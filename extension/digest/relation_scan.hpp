// One scan of one relation: every row under the active snapshot, as wire row, handed on. Plain
// C-style: everything lives in the current memory context.
#pragma once

#include "extension/digest/row_encoder.hpp"
#include "extension/digest/scan_progress.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// Takes the row that was encoded last; `slot` holds it as it is stored. The current memory context
/// is reset after each row.
using TakeRow = void (*)(void *taker, RowEncoder *encoder, TupleTableSlot *slot);

/// Opens a relation, locked in ACCESS SHARE; raises undefined_table for an OID that has none.
Relation open_relation(Oid oid);

/// Raises wrong_object_type for what has no rows of its own.
void check_kind(Relation relation);

/// Raises insufficient_privilege without USAGE on the schema and SELECT on the columns, or where
/// row security is active for the caller.
void check_may_read(Relation relation, const RowShape *shape);

/// Raises insufficient_privilege where row security is active for the caller.
void refuse_row_security(Oid relation);

/// Raises serialization_failure for a relation that was truncated or rewritten after the active
/// snapshot was taken: its new storage looks empty under that snapshot.
void check_storage(Relation relation);

/// Raises serialization_failure unless `members`, a relation and all that inherits from it now, are
/// the same that the active snapshot sees: what was attached, detached or dropped since then would
/// be counted or missed.
void check_members(Relation root, const List *members);

/// Reads an open relation. Checks no privilege and sets no settings.
void scan_relation(Relation relation, const RowShape *shape, ScanProgress *progress, TakeRow take,
                   void *taker);

} // namespace custody::digest
