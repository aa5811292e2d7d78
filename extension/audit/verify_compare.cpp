// Plain C-style: no local has a destructor.
// A transaction whose events have all come: whether they give what its row says, and if not, which
// of them it may be. A tree tells only that one of its events is not as it was; which one, their
// storage tells where the ledger never left its server: a row that was stored after the block was
// closed is not the one that was sealed.
#include "extension/audit/verify_fold.hpp"

namespace custody::audit {

namespace {

/// The event's row once more: its table, descriptor and key.
void read_name(const Verify *verify, const EventPlace *place, Finding *finding, const char **what) {
    Relation relation =
        table_open(list_nth_oid(verify->partitions, static_cast<int>(place->partition)), NoLock);
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    ItemPointerData tid = place->tid;
    if (table_tuple_fetch_row_version(relation, &tid, verify->snapshot, slot)) {
        bool is_null[4];
        const Datum table = slot_getattr(slot, kEventTable, &is_null[0]);
        const Datum descriptor = slot_getattr(slot, kEventDescriptor, &is_null[1]);
        const Datum key = slot_getattr(slot, kEventKey, &is_null[2]);
        const Datum op = slot_getattr(slot, kEventOp, &is_null[3]);
        finding->table = is_null[0] ? -1 : DatumGetInt32(table);
        finding->descriptor = is_null[1] ? -1 : DatumGetInt32(descriptor);
        finding->key = is_null[2] ? nullptr : PG_DETOAST_DATUM_COPY(key);
        *what = is_null[3] ? "?" : psprintf("%c", DatumGetChar(op));
    }
    ExecDropSingleTupleTableSlot(slot);
    table_close(relation, NoLock);
}

void refute_named(Walk *walk, const NamedEvents *events, const char *wrong, int32 only_of) {
    const auto count = static_cast<int>(Min(events->count, uint64{kNamed}));
    for (int i = 0; i < count; ++i) {
        if (only_of < 0 || events->all[i].org == only_of) {
            refute_event(walk, events->all + i, wrong);
        }
    }
}

/// Its events are of another number: one was deleted, or added.
void refute_number(Walk *walk, const ExpectedOrg *expected, int32 org) {
    OpenTransaction *transaction = &walk->transaction;
    refute_in_block(walk, Check::payloads, transaction_name(transaction),
                    psprintf("has " UINT64_FORMAT " of %u events of organization %s: %s",
                             expected->tree.count, expected->says.events,
                             expected->says.org.empty() ? "none" : hexadecimal(expected->says.org),
                             expected->tree.count < expected->says.events
                                 ? "some were deleted or moved"
                                 : "some were added or moved"));
    if (expected->tree.count > expected->says.events) {
        refute_named(walk, &transaction->late,
                     "is more than its transaction has, and was stored after its block was closed",
                     org);
    }
}

/// One of its events is not as it was.
void refute_tree(Walk *walk, const ExpectedOrg *expected, int32 org) {
    OpenTransaction *transaction = &walk->transaction;
    const bool late_tells =
        transaction->late.count > 0 && transaction->late.count < transaction->events;
    if (late_tells) {
        refute_named(walk, &transaction->late,
                     "is not the one that was sealed: it was stored after its block was closed",
                     org);
        return;
    }
    refute_named(walk, &transaction->first,
                 expected->says.events == 1
                     ? "is not the one that was sealed"
                     : psprintf("is not the one that was sealed, or another of the %u of its "
                                "organization in the transaction is not",
                                expected->says.events),
                 org);
}

void compare(Walk *walk) {
    OpenTransaction *transaction = &walk->transaction;
    for (int32 i = 0; i < transaction->expected_count; ++i) {
        ExpectedOrg *expected = transaction->expected + i;
        if (expected->tree.count != expected->says.events) {
            refute_number(walk, expected, i);
        } else if (!gives(expected)) {
            refute_tree(walk, expected, i);
        }
    }
}

/// Its events were read on the short way and gave what it says.
bool is_folded(Walk *walk) {
    const OpenTransaction *transaction = &walk->transaction;
    const FoldEntry *entry =
        find_fold(walk->verify->folds, wire::get_big<std::int64_t>(transaction->incarnation.data()),
                  transaction->xid);
    return entry != nullptr && !entry->spoiled;
}

} // namespace

bool gives(const ExpectedOrg *expected) {
    return expected->tree.count == expected->says.events &&
           tree_so_far(&expected->tree) == expected->says.tree;
}

char *transaction_name(const OpenTransaction *transaction) {
    return psprintf("transaction " UINT64_FORMAT " of incarnation %s", transaction->xid,
                    hexadecimal(ledger::Bytes(transaction->incarnation).first(8)));
}

void refute_event(Walk *walk, const Named *event, const char *wrong) {
    const char *op = "?";
    Finding finding = {Check::payloads, nullptr, walk->block, nullptr, -1, -1, nullptr};
    read_name(walk->verify, &event->place, &finding, &op);
    finding.detail = psprintf("event %u (%s) of %s %s", event->seq, op,
                              transaction_name(&walk->transaction), wrong);
    refute(walk->verify, &finding);
}

void close_transaction(Walk *walk) {
    OpenTransaction *transaction = &walk->transaction;
    if (!transaction->open) {
        return;
    }
    transaction->open = false;
    MemoryContext caller = MemoryContextSwitchTo(walk->verify->per_row);
    if (!transaction->has_row) {
        refute_in_block(walk, Check::membership, transaction_name(transaction),
                        psprintf("has " UINT64_FORMAT " events, but is not there itself: it was "
                                 "deleted, or they were added",
                                 transaction->events));
        refute_named(walk, &transaction->first, "has no transaction", -1);
    } else if (transaction->row.pruned && transaction->events == 0) {
        ++walk->verify->pruned;
    } else if (!is_folded(walk)) {
        compare(walk);
    }
    if (transaction->has_row) {
        ++walk->verify->transactions;
        walk->verify->tail += walk->block == kTail ? 1 : 0;
        walk->verify->unknown += walk->block == kUnknown ? 1 : 0;
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(walk->verify->per_row);
}

} // namespace custody::audit
