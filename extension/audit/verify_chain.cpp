// Plain C-style: no local has a destructor.
// A block by itself: its row, its members as a whole, its links, its slots, and what it follows.
#include "extension/audit/verify_walk.hpp"

#include "common/slot_tree.hpp"

namespace custody::audit {

namespace {

char *block_name(uint64 number) { return psprintf("block " UINT64_FORMAT, number); }

void refute_block(Walk *walk, Check check, const char *detail) {
    refute_in_block(walk, check, block_name(walk->block), detail);
}

/// A copy that lasts until the next one.
ledger::Bytes kept(Walk *walk, ledger::Bytes before, ledger::Bytes bytes) {
    if (before.data() != nullptr) {
        pfree(const_cast<std::byte *>(before.data()));
    }
    auto *copy =
        static_cast<std::byte *>(MemoryContextAllocHuge(walk->memory, Max(bytes.size(), Size{1})));
    if (!bytes.empty()) {
        memcpy(copy, bytes.data(), bytes.size());
    }
    return {copy, bytes.size()};
}

std::string_view text_of(ledger::Bytes bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

void check_place(Walk *walk) {
    Verify *verify = walk->verify;
    const uint64 expected =
        walk->last_number == 0 ? Max(verify->frame.from, uint64{2}) - 1 : walk->last_number + 1;
    const bool is_first = walk->last_number == 0;
    if (walk->block > expected && !(is_first && walk->block == verify->frame.from)) {
        const uint64 from = is_first && verify->frame.from == 1 ? 1 : expected;
        refute_block(walk, Check::chain,
                     psprintf("blocks " UINT64_FORMAT " to " UINT64_FORMAT " are not there", from,
                              walk->block - 1));
    }
    const bool follows = walk->last_number > 0 && walk->last_number + 1 == walk->block;
    if (follows && walk->row.before != walk->last_hash) {
        refute_block(walk, Check::chain, "does not follow the block before: another hash");
    } else if (walk->block == 1 && walk->row.before != ledger::kNothingBefore) {
        refute_block(walk, Check::chain, "is the first and has a block before");
    }
    const bool adopts =
        walk->block == 1 || (follows && walk->last_incarnation != walk->row.incarnation);
    if ((walk->block == 1 || follows) && (walk->row.kind == 1) != adopts) {
        refute_block(walk, Check::chain, "has the wrong kind");
    }
}

void check_hash(Walk *walk) {
    const BlockRecord *row = &walk->row;
    const LedgerIncarnation *incarnation =
        find_incarnation(&walk->verify->frame.known, row->incarnation);
    if (incarnation == nullptr || incarnation->lineage != row->lineage) {
        refute_block(walk, Check::chain,
                     "is of an incarnation that is not there, or of another lineage");
        return;
    }
    ledger::PrivatePart part = {};
    part.secret = row->secret;
    part.kind = static_cast<uint8>(row->kind);
    part.lineage = static_cast<uint32>(row->lineage);
    part.snapshot = text_of(walk->snapshot);
    part.transactions = row->transactions;
    part.events = row->events;
    part.tree = row->tree;
    part.lsn = row->lsn;
    part.notes = text_of(walk->notes);
    const ledger::Hash private_part = ledger::private_part(part);
    const ledger::Hash hash =
        ledger::block_hash({walk->verify->ledger, walk->block, incarnation->hash, row->before,
                            row->slots, private_part, row->sealed_at});
    if (private_part != row->private_part) {
        refute_block(walk, Check::chain,
                     "does not give its private part: kind, lineage, snapshot, "
                     "counts, tree, lsn or notes were changed");
    }
    if (hash != row->hash) {
        refute_block(walk, Check::chain, "does not give its hash: it was changed");
    }
}

ledger::Hash tree_of_slots(const Walk *walk) {
    const OrgTable *orgs = walk->verify->orgs;
    auto *leaves = static_cast<ledger::SlotLeaf *>(MemoryContextAllocHuge(
        CurrentMemoryContext, sizeof(ledger::SlotLeaf) * (Size{orgs->count} + 1)));
    Size count = 0;
    for (uint32 i = 0; i < orgs->count; ++i) {
        const OrgState *state = orgs->all[i];
        if (state->k > 0 && state->slot >= 0 && state->slot < static_cast<int32>(ledger::kSlots)) {
            const auto slot = static_cast<uint32>(state->slot);
            leaves[count++] = {
                slot,
                ledger::slot_leaf(ledger::slot_blinding(walk->row.secret, slot), state->link)};
        }
    }
    std::sort(leaves, leaves + count,
              [](const ledger::SlotLeaf &a, const ledger::SlotLeaf &b) { return a.slot < b.slot; });
    const auto end = std::unique(
        leaves, leaves + count,
        [](const ledger::SlotLeaf &a, const ledger::SlotLeaf &b) { return a.slot == b.slot; });
    const ledger::Hash root =
        ledger::slot_root(std::span(leaves, static_cast<Size>(end - leaves)), walk->row.secret);
    pfree(leaves);
    return root;
}

void refute_link(Walk *walk, const OrgState *state, const char *detail) {
    refute_in_block(
        walk, Check::roots,
        psprintf("organization %s", state->org.empty() ? "none" : hexadecimal(state->org)), detail);
}

} // namespace

void begin_chain_block(Walk *walk, ledger::Bytes rest) {
    if (walk->has_block) {
        refute_block(walk, Check::chain, "is there twice");
        return;
    }
    walk->has_block = true;
    walk->row = take_struct<BlockRecord>(&rest);
    walk->snapshot = kept(walk, walk->snapshot, take_bytes(&rest));
    walk->notes = kept(walk, walk->notes, take_bytes(&rest));
    check_place(walk);
    check_hash(walk);
}

void close_members(Walk *walk) {
    if (walk->members_closed || !walk->has_block || walk->block < walk->verify->frame.from) {
        return;
    }
    walk->members_closed = true;
    const BlockRecord *row = &walk->row;
    if (walk->transactions != row->transactions || walk->events != row->events) {
        refute_block(walk, Check::membership,
                     psprintf("has " UINT64_FORMAT " transactions with " UINT64_FORMAT
                              " events by its snapshot, was sealed with " UINT64_FORMAT
                              " and " UINT64_FORMAT,
                              walk->transactions, walk->events, row->transactions, row->events));
    } else if (tree_so_far(&walk->tree) != row->tree) {
        refute_block(walk, Check::membership,
                     "the transactions by its snapshot do not give its tree: the row of one of "
                     "them was changed");
    }
}

void check_link(Walk *walk, ledger::Bytes rest) {
    close_members(walk);
    const LinkRecord link = take_struct<LinkRecord>(&rest);
    OrgState *state = find_or_add_org(walk->verify->orgs, rest);
    if (!walk->has_block) {
        refute_link(walk, state, "has a link of a block that is not there");
        return;
    }
    const ledger::Hash before = state->k == 0 ? ledger::kNothingBefore : state->link;
    const ledger::Hash tree = tree_so_far(&state->tree);
    const ledger::Hash hash = ledger::link_hash({state->org, link.k, walk->block, link.transactions,
                                                 link.events, link.total, link.tree, link.before});
    if (link.transactions != state->transactions || link.events != state->events ||
        link.tree != tree) {
        refute_link(walk, state,
                    psprintf("its link has %u transactions and " UINT64_FORMAT
                             " events or another tree than the %u and " UINT64_FORMAT
                             " that are there",
                             link.transactions, link.events, state->transactions, state->events));
    }
    if (link.k != state->k + 1 || link.before != before ||
        link.total != state->total + link.events) {
        refute_link(walk, state, "its link does not follow the one before");
    }
    if (hash != link.hash) {
        refute_link(walk, state, "its link does not give its hash: it was changed");
    }
    state->k = link.k;
    state->total = link.total;
    state->link = link.hash;
    state->transactions = 0; // it has its link
    state->events = 0;
    state->tree.count = 0;
}

void close_chain_block(Walk *walk) {
    Verify *verify = walk->verify;
    if (!walk->has_block) {
        return;
    }
    const bool in_range = walk->block >= verify->frame.from;
    for (uint32 i = 0; in_range && i < verify->orgs->count; ++i) {
        if (verify->orgs->all[i]->transactions > 0) {
            refute_link(walk, verify->orgs->all[i],
                        "has transactions in the block, but no link of it");
        }
    }
    if (tree_of_slots(walk) != walk->row.slots) {
        refute_block(walk, Check::roots,
                     "the newest links of the organizations do not give its tree of slots: a link, "
                     "an organization or its slot was changed");
    }
    verify->blocks += in_range ? 1 : 0;
    walk->last_number = walk->block;
    walk->last_hash = walk->row.hash;
    walk->last_incarnation = walk->row.incarnation;
}

} // namespace custody::audit
