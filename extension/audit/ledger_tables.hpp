// The tables of the ledger as C code reads them: straight from storage, without asking for
// privileges (functions are granted, tables are not). Plain C-style: everything lives in the
// current memory context. The columns stand in the order in which sql/audit_ledger.sql makes them.
#pragma once

#include "common/ledger_hash.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::audit {

enum LedgerColumn : AttrNumber { kLedgerId = 1, kLedgerFormat, kLedgerColumns = 5 };

enum TxColumn : AttrNumber {
    kTxAt = 1,
    kTxXid,
    kTxIncarnation,
    kTxCommitting,
    kTxEvents,
    kTxSecret,
    kTxOrgs,
    kTxContexts,
    kTxColumns = kTxContexts
};

enum EventColumn : AttrNumber {
    kEventAt = 1,
    kEventXid,
    kEventIncarnation,
    kEventLsn,
    kEventSeq,
    kEventCid,
    kEventTable,
    kEventDescriptor,
    kEventPair,
    kEventContext,
    kEventOp,
    kEventKeySalt,
    kEventImagesSalt,
    kEventOrg,
    kEventKey,
    kEventOld,
    kEventNew,
    kEventKeyHash,
    kEventImagesHash,
    kEventColumns = kEventImagesHash
};

enum BlockColumn : AttrNumber {
    kBlockNumber = 1,
    kBlockIncarnation,
    kBlockLineage,
    kBlockKind,
    kBlockSnapshot,
    kBlockSecret,
    kBlockTransactions,
    kBlockEvents,
    kBlockTree,
    kBlockSlots,
    kBlockPrivate,
    kBlockPrevious,
    kBlockHash,
    kBlockLsn,
    kBlockNotes,
    kBlockSealedAt,
    kBlockColumns = kBlockSealedAt
};

enum OrgColumn : AttrNumber { kOrgOrg = 1, kOrgSlot, kOrgFirstBlock, kOrgColumns = kOrgFirstBlock };

enum LinkColumn : AttrNumber {
    kLinkOrg = 1,
    kLinkK,
    kLinkBlock,
    kLinkTransactions,
    kLinkEvents,
    kLinkTotal,
    kLinkTree,
    kLinkPrevious,
    kLinkHash,
    kLinkColumns = kLinkHash
};

inline constexpr int kMostColumns = kEventColumns;

/// Raises undefined_table where there is no ledger in this database.
Oid ledger_table(const char *name);
Relation open_ledger_table(const char *name, LOCKMODE lock);

/// A table's partitions that hold rows, locked.
List *leaf_partitions(const char *name, LOCKMODE lock);

/// The valid B-tree whose first columns are these; raises undefined_object where there is none.
Oid btree_on(Relation relation, AttrNumber first, AttrNumber second = InvalidAttrNumber);

/// One row taken apart; values point into the tuple, or are detoasted copies.
struct LedgerRow {
    Datum values[kMostColumns + 1]; // by column number
    bool nulls[kMostColumns + 1];
};
void take_apart(HeapTuple tuple, TupleDesc columns, LedgerRow *row);

/// A row to be stored; raises data_corrupted where the table has more or fewer columns than these.
HeapTuple form_ledger_row(Relation relation, int count, const Datum *values, const bool *nulls);

/// Bytes of a bytea or text; raises data_corrupted for NULL.
ledger::Bytes bytes_in(const LedgerRow *row, AttrNumber column);
/// Raises data_corrupted unless there are as many as a hash has.
ledger::Hash hash_in(const LedgerRow *row, AttrNumber column);
/// Raises data_corrupted for NULL.
Datum value_in(const LedgerRow *row, AttrNumber column);

uint64 xid_in(const LedgerRow *row, AttrNumber column);

inline ledger::Uuid uuid_of(Datum value) {
    ledger::Uuid uuid;
    memcpy(uuid.data(), DatumGetUUIDP(value)->data, UUID_LEN);
    return uuid;
}

Datum hash_datum(const ledger::Hash &hash);
Datum bytes_datum(ledger::Bytes bytes);

/// What the first row of table ledger says, whatever it says.
struct LedgerIdentity {
    ledger::Uuid id;
    int32 format;
    bool there;
};
LedgerIdentity stored_ledger(Snapshot snapshot);

/// The ledger's id; raises data_corrupted where there is none, feature_not_supported for another
/// format.
ledger::Uuid ledger_id(Snapshot snapshot);

} // namespace custody::audit
