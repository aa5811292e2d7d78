// What sealing and verifying keep for each organization: its tree in the block that is being made,
// and the newest link of its chain. A hash table by the bytes of the organization. Plain C-style:
// memory is of the context in which the table was made.
#pragma once

#include "common/ledger_transaction.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// A tree that grows by its leaves; peaks take as much room as there are.
struct GrowingTree {
    uint64 count;
    uint32 room;
    ledger::Hash *peaks;
};

void add_to_tree(MemoryContext context, GrowingTree *tree, const ledger::Hash *leaf);
inline ledger::Hash tree_so_far(const GrowingTree *tree) {
    return ledger::tree_of_peaks(tree->peaks, tree->count);
}

struct OrgState {
    ledger::Bytes org;
    uint32 code; // of the hash table
    // in the block that is being made
    uint32 transactions;
    uint64 events;
    GrowingTree tree;
    // its chain
    uint64 k; // 0: no link yet
    uint64 total;
    ledger::Hash link;
    int32 slot; // -1: none yet
};

struct OrgTable {
    MemoryContext context;
    OrgState **cells;
    uint32 cell_count; // a power of two
    uint32 count;
    OrgState **all; // in the order in which they came
    uint32 room;
};

OrgTable *make_org_table();
OrgState *find_org(const OrgTable *table, ledger::Bytes org);
OrgState *find_or_add_org(OrgTable *table, ledger::Bytes org);

/// Adds a transaction to the trees of its organizations, which have the form of tx.orgs. Returns
/// the number of its events. `token`: of the transaction.
uint64 add_transaction(OrgTable *table, const ledger::Hash *token, int64 started, int64 committing,
                       ledger::Bytes orgs);

/// Forgets the block: trees are empty again, chains stay.
void begin_block(OrgTable *table);

} // namespace custody::audit
