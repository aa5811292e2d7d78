// The trees of the transaction's events, one for each organization, as far as they have grown:
// peaks only, so that a transaction of any length needs little. A savepoint that is rolled back
// takes its events out again: what a tree was before is kept when a subtransaction first adds to
// it. Plain C-style; everything lives in transaction_memory().
#pragma once

#include "common/merkle.hpp"

#include "extension/digest/row_buffer.hpp"

namespace custody::audit {

struct OrgTree {
    std::byte *org;
    uint32 org_length;
    uint32 hash;
    uint32 count; // of events
    uint32 room;  // for peaks
    ledger::Hash *peaks;
    int saved_level; // the innermost subtransaction for which it was kept; 0: none
};

/// The organization's tree, with room for one more event, kept for the current subtransaction.
OrgTree *org_tree(const std::byte *org, uint32 length);

inline void add_event(OrgTree *tree, const ledger::Hash &leaf) {
    (void)ledger::add_leaf(tree->peaks, tree->count, leaf);
    ++tree->count;
}

/// A subtransaction of this level was rolled back, or became part of the one around it.
void undo_org_trees(int level);
void keep_org_trees(int level);

/// The bytes of tx.orgs behind what the buffer has; returns the number of events.
uint64 append_org_trees(digest::RowBuffer *out);

/// The transaction is over; its memory goes, too.
void forget_org_trees();

} // namespace custody::audit
