// The partitions of the ledger's tables that a transaction writes: opened once, kept open under the
// transaction's own resource owner, so that savepoints do not close them, and rows put in as the
// server's catalogs get theirs: no rights asked, no triggers. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

enum class LedgerTable : uint8 { event, tx };

/// Puts a row in, with its index entries; all rows of a transaction have the same time. Raises
/// object_not_in_prerequisite_state where the ledger is not there or has another shape.
void insert_ledger_row(LedgerTable table, TimestampTz at, Datum *values, bool *nulls);

/// Before the transaction commits or is prepared: nothing is left open.
void close_ledger();

/// A subtransaction was rolled back: what an error left half done is released.
void recover_ledger();

/// The transaction is over, and the server has closed all.
void forget_ledger();

/// Registers what tells of new partitions and indexes. Once, from _PG_init.
void watch_ledger();

/// OID of a table of the ledger by its name; raises as above where there is none.
Oid ledger_table_oid(const char *name);

} // namespace custody::audit
