// Closing a block: what a seal knows while it works. The parts: seal_members (which transactions),
// seal_adopt (those of other lineages), seal_orgs (links and slots), seal_block (the block itself).
// Plain C-style.
#pragma once

#include "extension/audit/incarnations.hpp"
#include "extension/audit/ledger_snapshot.hpp"
#include "extension/audit/org_table.hpp"
#include "extension/audit/record_sorter.hpp"

namespace custody::audit {

/// A transaction that notes name.
struct Adopted {
    int64 incarnation;
    uint64 xid;
};
inline bool comes_before(const Adopted &a, const Adopted &b) {
    return a.incarnation != b.incarnation ? a.incarnation < b.incarnation : a.xid < b.xid;
}

struct Seal {
    Snapshot snapshot; // everything is read under it
    LedgerSnapshot sees;
    LedgerSnapshot before; // of the last block of the same lineage
    bool first_of_lineage;
    LedgerIncarnations known;
    LedgerIncarnation here;
    // the last block, of whichever lineage
    uint64 last_number; // 0: none
    int64 last_incarnation;
    ledger::Hash last_hash;
    // adopted by blocks after the lineage's last one, ascending
    Adopted *adopted;
    uint32 adopted_count;
    // what is found
    RecordSorter *members;
    digest::RowBuffer record;
    uint64 transactions;
    uint64 events;
    GrowingTree tree;
    OrgTable *orgs;
    bool orgs_known; // with their slots and newest links
    const char *notes;
};

/// A block of kind 1: the first one, or of another incarnation than the block before.
inline bool is_adoption(const Seal *seal) {
    return seal->last_number == 0 || seal->last_incarnation != seal->here.name;
}

/// Makes the partitions of the periods that come. Where that fails, a warning: the default
/// partitions take their rows.
void make_partitions();

/// Looks for the blocks before, and for the lineage; writes a new incarnation into its table.
void find_place(Seal *seal);

/// Collects the transactions that the snapshot sees and the lineage's last block did not.
void collect_members(Seal *seal);
/// Those of other lineages that no block has.
void adopt_members(Seal *seal);
/// One row of tx becomes a member.
void put_member(Seal *seal, const LedgerRow *row, const LedgerIncarnation *incarnation);
/// Of the name that a row has; raises data_corrupted for one that nobody knows.
const LedgerIncarnation *incarnation_of(Seal *seal, int64 name);
/// Puts all that were collected into the trees, in their order, and sets `notes`.
void hash_members(Seal *seal);

/// Sets `orgs`: those that this session left after the block before, where that is the last one
/// still, or none yet.
void take_orgs(Seal *seal);
/// Leaves them for the next seal, after a block of this number and hash.
void leave_orgs(Seal *seal, uint64 number, const ledger::Hash *hash);

/// Writes the links of the block, and slots for new organizations; returns the tree of the slots.
ledger::Hash seal_orgs(Seal *seal, uint64 number, const ledger::Hash *secret);

} // namespace custody::audit
