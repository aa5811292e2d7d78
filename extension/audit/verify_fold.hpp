// The short way of a verification: a transaction's events, while they come nearly in the order of
// their numbers, grow its trees where they are read, and are not sorted. What does not come so, or
// does not give what the transaction's row says, is read a second time and takes the long way,
// which names what is wrong. As many transactions as fit into maintenance_work_mem go the short
// way. Plain C-style.
#pragma once

#include "extension/audit/verify_walk.hpp"

namespace custody::audit {

/// An event that waits for those with lower numbers: the server puts rows into whichever page has
/// room, so that a few of them lie before their elders.
struct WaitingLeaf {
    uint32 seq;
    int32 org;
    ledger::Hash leaf;
};
inline constexpr uint32 kMostWaiting = 1024;

struct FoldEntry {
    int64 name; // of the incarnation
    uint64 xid;
    const ledger::Hash *incarnation;
    TransactionRecord row;
    uint32 last_seq;
    uint64 events;
    uint64 erased;
    bool spoiled;  // to be read a second time
    bool in_order; // those that wait came in order
    uint32 waiting_count;
    WaitingLeaf *waiting; // nullptr: none yet, or none any more
    int32 expected_count;
    int32 last; // the organization of the event before
    uint32 context_count;
    ExpectedOrg *expected;
    ledger::Hash *contexts;
};

struct FoldTable {
    MemoryContext context;
    FoldEntry **cells;
    Size cell_count; // a power of two
    Size count;
    Size memory; // taken so far, of `limit` bytes
    Size limit;
    FoldEntry *last; // that was found
    bool second_pass;
};

FoldTable *make_fold_table(Size limit);

/// A transaction joins, unless there is no room left. `contexts`: its commitments. `incarnation`
/// outlives the table.
void fold_transaction(FoldTable *table, int64 name, uint64 xid, const ledger::Hash *incarnation,
                      const TransactionRecord *row, ledger::Bytes orgs,
                      std::span<const ledger::Hash> contexts);
FoldEntry *find_fold(FoldTable *table, int64 name, uint64 xid);

/// Adds an event, or spoils the entry.
void fold_event(Verify *verify, FoldEntry *entry, uint32 seq, const EventRecord *event,
                ledger::Bytes org);

/// After the last event: spoils what does not give what its row says; true where anything did.
bool close_folds(Verify *verify);

/// What stands beside the hashed bytes of an event and would lead a reader astray; nullptr:
/// nothing.
const char *what_is_wrong(const Verify *verify, TimestampTz started, uint32 contexts,
                          const EventRecord *event);
ledger::Hash leaf_of_event(const Verify *verify, const ledger::Hash *secret,
                           const ledger::Hash *incarnation, uint64 xid,
                           const ledger::Hash *contexts, uint32 seq, const EventRecord *event);
/// Index among the organizations that a transaction names; `last` is tried first. -1: none.
int32 find_expected(const ExpectedOrg *expected, int32 count, int32 last, ledger::Bytes org);
bool gives(const ExpectedOrg *expected);

} // namespace custody::audit
