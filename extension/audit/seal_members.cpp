// Plain C-style: no local has a destructor.
// Which transactions a block has: those of its lineage that its snapshot sees and the lineage's
// last one did not. They are the ones that began to write after that one (xid >= its xmax) or were
// running in it: both are asked of the index, so that a seal costs what is new, and a transaction
// that runs for days holds up nothing but itself.
#include "extension/audit/seal.hpp"

#include "common/big_endian.hpp"

#include "extension/audit/adoption_notes.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

struct Partition {
    Relation relation;
    Relation index;
};

/// What stands in a record before the organizations: 32 + 8 bytes of order, then these.
struct MemberTail {
    int64 started;
    int64 committing;
    ledger::Hash secret;
    int32 events;
};
constexpr Size kOrderBytes = 32 + 8;

bool is_adopted(const Seal *seal, int64 incarnation, uint64 xid) {
    return std::binary_search(seal->adopted, seal->adopted + seal->adopted_count,
                              Adopted{incarnation, xid}, comes_before);
}

} // namespace

const LedgerIncarnation *incarnation_of(Seal *seal, int64 name) {
    const LedgerIncarnation *found = find_incarnation(&seal->known, name);
    if (found == nullptr) {
        found = find_passed_by(&seal->known, name);
    }
    if (found == nullptr) {
        pg::raise(ERRCODE_DATA_CORRUPTED, "the ledger has transactions of an unknown incarnation",
                  psprintf("Its name is " INT64_FORMAT ".", name),
                  "Where they come from a database that wrote but was never sealed before it was "
                  "dumped, custody.note_incarnation() says which one.");
    }
    return found;
}

namespace {

void look_at(Seal *seal, const LedgerRow *row) {
    const uint64 xid = xid_in(row, kTxXid);
    const int64 name = DatumGetInt64(value_in(row, kTxIncarnation));
    const LedgerIncarnation *incarnation = incarnation_of(seal, name);
    if (incarnation->lineage == seal->here.lineage && sees(&seal->sees, xid) &&
        !sees(&seal->before, xid) && !is_adopted(seal, name, xid)) {
        put_member(seal, row, incarnation);
    }
}

void scan_from(Seal *seal, const Partition *partition, StrategyNumber strategy, Oid function,
               uint64 xid) {
    ScanKeyData key;
    ScanKeyInit(&key, kTxXid, strategy, function,
                FullTransactionIdGetDatum(FullTransactionIdFromU64(xid)));
    SysScanDesc scan =
        systable_beginscan_ordered(partition->relation, partition->index, seal->snapshot, 1, &key);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody seal row", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = CurrentMemoryContext;
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection))) {
        LedgerRow row;
        MemoryContextSwitchTo(per_row);
        take_apart(tuple, RelationGetDescr(partition->relation), &row);
        look_at(seal, &row);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(per_row);
        CHECK_FOR_INTERRUPTS();
    }
    systable_endscan_ordered(scan);
    MemoryContextDelete(per_row);
}

} // namespace

void put_member(Seal *seal, const LedgerRow *row, const LedgerIncarnation *incarnation) {
    digest::RowBuffer *record = &seal->record;
    begin_record(record);
    digest::append(record, incarnation->hash.data(), incarnation->hash.size());
    digest::append_big<std::uint64_t>(record, xid_in(row, kTxXid));
    const MemberTail tail = {DatumGetTimestampTz(value_in(row, kTxAt)),
                             DatumGetTimestampTz(value_in(row, kTxCommitting)),
                             hash_in(row, kTxSecret), DatumGetInt32(value_in(row, kTxEvents))};
    digest::append(record, &tail, sizeof(tail));
    const ledger::Bytes orgs = bytes_in(row, kTxOrgs);
    digest::append(record, orgs.data(), orgs.size());
    put_record(seal->members, record);
}

void collect_members(Seal *seal) {
    ListCell *cell;
    foreach (cell, leaf_partitions("tx", AccessShareLock)) {
        Partition partition;
        partition.relation = table_open(lfirst_oid(cell), NoLock);
        partition.index = index_open(btree_on(partition.relation, kTxXid), AccessShareLock);
        for (uint32 i = 0; i < seal->before.running_count; ++i) {
            scan_from(seal, &partition, BTEqualStrategyNumber, F_XID8EQ, seal->before.running[i]);
        }
        scan_from(seal, &partition, BTGreaterEqualStrategyNumber, F_XID8GE, seal->before.xmax);
        index_close(partition.index, AccessShareLock);
        table_close(partition.relation, AccessShareLock);
    }
}

/// Those of other lineages are named in the notes.
static void note_member(Seal *seal, StringInfo notes, const ledger::Hash *incarnation, uint64 xid) {
    const auto name = wire::get_big<std::int64_t>(incarnation->data());
    if (find_incarnation(&seal->known, name)->lineage != seal->here.lineage) {
        write_adopted(notes, incarnation, xid);
    }
}

void hash_members(Seal *seal) {
    sort_records(seal->members);
    StringInfoData notes;
    initStringInfo(&notes);
    struct varlena *held = nullptr;
    const std::byte *bytes;
    Size length;
    while (next_record(seal->members, &held, &bytes, &length)) {
        ledger::Hash incarnation;
        memcpy(incarnation.data(), bytes, incarnation.size());
        const uint64 xid = wire::get_big<std::uint64_t>(bytes + 32);
        MemberTail tail;
        memcpy(&tail, bytes + kOrderBytes, sizeof(tail));
        constexpr Size kHead = kOrderBytes + sizeof(MemberTail);
        const ledger::Bytes orgs(bytes + kHead, length - kHead);
        const auto number = ledger::orgs_number(orgs);
        if (!number) {
            pg::raise(ERRCODE_DATA_CORRUPTED, "a transaction of the ledger does not have its form",
                      psprintf("Transaction " UINT64_FORMAT ".", xid),
                      "custody.verify_ledger() tells more.");
        }
        const ledger::Hash token = ledger::transaction_token(tail.secret, incarnation, xid);
        const ledger::Hash leaf =
            ledger::transaction_leaf(token, tail.started, tail.committing, *number, orgs);
        add_to_tree(CurrentMemoryContext, &seal->tree, &leaf);
        seal->events += add_transaction(seal->orgs, &token, tail.started, tail.committing, orgs);
        ++seal->transactions;
        note_member(seal, &notes, &incarnation, xid);
        CHECK_FOR_INTERRUPTS();
    }
    end_record_sorter(seal->members);
    end_notes(&notes);
    seal->notes = notes.data;
}

} // namespace custody::audit
