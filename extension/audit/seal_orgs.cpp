// Plain C-style: no local has a destructor.
// What a block says of each organization: a link for those with events, and a slot for all of them.
#include "extension/audit/seal.hpp"

#include "common/slot_tree.hpp"

#include "extension/audit/random_pool.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

struct SlotLeaves {
    ledger::SlotLeaf *all;
    Size count;
    Size room;
};

struct Chains {
    Relation orgs;
    Relation links;
    Relation links_index;
    Snapshot snapshot;
};

/// The organization's newest link; none: k stays 0.
void read_newest_link(const Chains *chains, OrgState *state) {
    ScanKeyData key;
    ScanKeyInit(&key, kLinkOrg, BTEqualStrategyNumber, F_BYTEAEQ, bytes_datum(state->org));
    SysScanDesc scan =
        systable_beginscan_ordered(chains->links, chains->links_index, chains->snapshot, 1, &key);
    HeapTuple tuple = systable_getnext_ordered(scan, BackwardScanDirection);
    if (HeapTupleIsValid(tuple)) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(chains->links), &row);
        state->k = static_cast<uint64>(DatumGetInt64(value_in(&row, kLinkK)));
        state->total = static_cast<uint64>(DatumGetInt64(value_in(&row, kLinkTotal)));
        state->link = hash_in(&row, kLinkHash);
    }
    systable_endscan_ordered(scan);
}

/// Every organization that has a slot joins the table, with its newest link.
void read_orgs(OrgTable *orgs, const Chains *chains) {
    SysScanDesc scan =
        systable_beginscan(chains->orgs, InvalidOid, false, chains->snapshot, 0, nullptr);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody links", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = CurrentMemoryContext;
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        MemoryContextSwitchTo(per_row);
        take_apart(tuple, RelationGetDescr(chains->orgs), &row);
        OrgState *state = find_or_add_org(orgs, bytes_in(&row, kOrgOrg));
        state->slot = DatumGetInt32(value_in(&row, kOrgSlot));
        read_newest_link(chains, state);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(per_row);
        CHECK_FOR_INTERRUPTS();
    }
    systable_endscan(scan);
    MemoryContextDelete(per_row);
}

/// A random slot that no other organization has.
int32 draw_slot(const OrgTable *orgs, Bitmapset **taken) {
    if (orgs->count > ledger::kSlots - ledger::kSlots / 16) {
        pg::raise(ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the ledger has too many organizations",
                  psprintf("There are %u slots.", ledger::kSlots));
    }
    uint32 slot;
    do {
        fill_random(&slot, sizeof(slot));
        slot &= ledger::kSlots - 1;
    } while (bms_is_member(static_cast<int>(slot), *taken));
    *taken = bms_add_member(*taken, static_cast<int>(slot));
    return static_cast<int32>(slot);
}

void give_slots(const OrgTable *orgs, Relation relation, uint64 number) {
    Bitmapset *taken = nullptr;
    CatalogIndexState indexes = nullptr;
    for (uint32 i = 0; i < orgs->count; ++i) {
        if (orgs->all[i]->slot < 0) {
            indexes = CatalogOpenIndexes(relation);
            break;
        }
    }
    if (indexes == nullptr) {
        return;
    }
    for (uint32 i = 0; i < orgs->count; ++i) {
        if (orgs->all[i]->slot >= 0) {
            taken = bms_add_member(taken, orgs->all[i]->slot);
        }
    }
    for (uint32 i = 0; i < orgs->count; ++i) {
        OrgState *state = orgs->all[i];
        if (state->slot < 0) {
            state->slot = draw_slot(orgs, &taken);
            Datum values[] = {bytes_datum(state->org), Int32GetDatum(state->slot),
                              Int64GetDatum(static_cast<int64>(number))};
            bool nulls[kOrgColumns] = {};
            CatalogTupleInsertWithInfo(
                relation, form_ledger_row(relation, kOrgColumns, values, nulls), indexes);
        }
    }
    CatalogCloseIndexes(indexes);
}

void write_link(OrgState *state, uint64 number, Relation relation, CatalogIndexState indexes) {
    const ledger::Hash before = state->k == 0 ? ledger::kNothingBefore : state->link;
    const ledger::Hash tree = tree_so_far(&state->tree);
    ++state->k;
    state->total += state->events;
    state->link = ledger::link_hash({state->org, state->k, number, state->transactions,
                                     state->events, state->total, tree, before});
    Datum values[] = {bytes_datum(state->org),
                      Int64GetDatum(static_cast<int64>(state->k)),
                      Int64GetDatum(static_cast<int64>(number)),
                      Int32GetDatum(static_cast<int32>(state->transactions)),
                      Int64GetDatum(static_cast<int64>(state->events)),
                      Int64GetDatum(static_cast<int64>(state->total)),
                      hash_datum(tree),
                      hash_datum(before),
                      hash_datum(state->link)};
    bool nulls[kLinkColumns] = {};
    HeapTuple tuple = form_ledger_row(relation, kLinkColumns, values, nulls);
    CatalogTupleInsertWithInfo(relation, tuple, indexes);
    heap_freetuple(tuple);
}

void write_links(const OrgTable *orgs, uint64 number) {
    Relation relation = open_ledger_table("link", RowExclusiveLock);
    CatalogIndexState indexes = CatalogOpenIndexes(relation);
    for (uint32 i = 0; i < orgs->count; ++i) {
        // Without transactions it is an organization of which only other blocks speak.
        if (orgs->all[i]->transactions > 0) {
            write_link(orgs->all[i], number, relation, indexes);
        }
        CHECK_FOR_INTERRUPTS();
    }
    CatalogCloseIndexes(indexes);
    table_close(relation, NoLock);
}

ledger::Hash tree_of_slots(const OrgTable *orgs, const ledger::Hash *secret) {
    auto *leaves = static_cast<ledger::SlotLeaf *>(MemoryContextAllocHuge(
        CurrentMemoryContext, sizeof(ledger::SlotLeaf) * (Size{orgs->count} + 1)));
    Size count = 0;
    for (uint32 i = 0; i < orgs->count; ++i) {
        const OrgState *state = orgs->all[i];
        if (state->k > 0) {
            const auto slot = static_cast<uint32>(state->slot);
            leaves[count++] = {
                slot, ledger::slot_leaf(ledger::slot_blinding(*secret, slot), state->link)};
        }
    }
    std::sort(leaves, leaves + count,
              [](const ledger::SlotLeaf &a, const ledger::SlotLeaf &b) { return a.slot < b.slot; });
    const ledger::Hash root = ledger::slot_root(std::span(leaves, count), *secret);
    pfree(leaves);
    return root;
}

} // namespace

ledger::Hash seal_orgs(Seal *seal, uint64 number, const ledger::Hash *secret) {
    Chains chains = {};
    chains.snapshot = seal->snapshot;
    chains.orgs = open_ledger_table("org", RowExclusiveLock);
    chains.links = open_ledger_table("link", RowExclusiveLock);
    chains.links_index = index_open(btree_on(chains.links, kLinkOrg, kLinkK), AccessShareLock);
    if (!seal->orgs_known) {
        read_orgs(seal->orgs, &chains);
    }
    index_close(chains.links_index, AccessShareLock);
    give_slots(seal->orgs, chains.orgs, number);
    write_links(seal->orgs, number);
    table_close(chains.links, NoLock);
    table_close(chains.orgs, NoLock);
    return tree_of_slots(seal->orgs, secret);
}

} // namespace custody::audit
