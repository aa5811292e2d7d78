// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// The rows of the ledger become records: key first (block, section, and what orders them there),
// then what is needed of them. Of events the salted commitments are made here, where their bytes
// are at hand; the rest of the hash needs the transaction, which comes when all is sorted.
#include "extension/audit/verify_fold.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr uint32 kInterruptMask = 0x3FF;

using TakeTuple = void (*)(Verify *verify, const LedgerRow *row, const HeapTupleData *tuple,
                           uint32 partition);

void take_transaction(Verify *verify, const LedgerRow *row, const HeapTupleData *tuple, uint32);
void take_event(Verify *verify, const LedgerRow *row, const HeapTupleData *tuple, uint32 partition);

/// Columns without which a row cannot be read, and those that are hashes.
struct Shape {
    const char *table;
    Check check;
    AttrNumber last;
    uint32 nullable; // bits by column number
    uint32 hashes;
    TakeTuple take;
};

constexpr uint32 bits() { return 0; }
template <typename... Rest> constexpr uint32 bits(AttrNumber column, Rest... rest) {
    return (1U << column) | bits(rest...);
}

const char *what_is_wrong(const Shape *shape, const LedgerRow *row) {
    for (AttrNumber column = 1; column <= shape->last; ++column) {
        if (row->nulls[column]) {
            if ((shape->nullable & bits(column)) == 0) {
                return psprintf("column %d is NULL", column);
            }
        } else if ((shape->hashes & bits(column)) != 0 && bytes_in(row, column).size() != 32) {
            return psprintf("column %d has %zu bytes", column, bytes_in(row, column).size());
        }
    }
    return nullptr;
}

/// A row that cannot be what was written: said, and left out, so that all else is looked at.
void refute_shape(Verify *verify, const Shape *shape, const LedgerRow *row,
                  const HeapTupleData *tuple, const char *wrong) {
    char *detail = psprintf("the row at (%u,%u) does not have its form: %s",
                            ItemPointerGetBlockNumberNoCheck(&tuple->t_self),
                            ItemPointerGetOffsetNumberNoCheck(&tuple->t_self), wrong);
    const bool has_xid = shape->take == take_event || shape->take == take_transaction;
    if (has_xid && !row->nulls[kTxXid]) {
        detail = psprintf("%s; transaction " UINT64_FORMAT, detail, xid_in(row, kTxXid));
    }
    Finding finding = {shape->check, psprintf("custody_ledger.%s", shape->table), 0, detail, -1, -1,
                       nullptr};
    if (shape->take == take_event && !row->nulls[kEventTable]) {
        finding.object = nullptr; // its name is found for it
        finding.table = DatumGetInt32(row->values[kEventTable]);
    }
    refute(verify, &finding);
}

void read_heap(Verify *verify, Relation relation, uint32 partition, const Shape *shape) {
    // From the first page on, not where another scan happens to be: events come in their order.
    TableScanDesc scan = table_beginscan_strat(relation, verify->snapshot, 0, nullptr, true, false);
    TupleDesc columns = RelationGetDescr(relation);
    MemoryContext caller = MemoryContextSwitchTo(verify->per_row);
    uint32 rows = 0;
    HeapTuple tuple;
    while ((tuple = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
        LedgerRow row;
        take_apart(tuple, columns, &row);
        const char *wrong = what_is_wrong(shape, &row);
        if (wrong == nullptr) {
            shape->take(verify, &row, tuple, partition);
        } else if (!verify->folds->second_pass) {
            refute_shape(verify, shape, &row, tuple, wrong);
        }
        MemoryContextReset(verify->per_row);
        if ((++rows & kInterruptMask) == 0) {
            CHECK_FOR_INTERRUPTS();
        }
    }
    MemoryContextSwitchTo(caller);
    table_endscan(scan);
}

void begin_key(Verify *verify, uint64 block, Section section) {
    begin_record(&verify->record);
    digest::append_big<std::uint64_t>(&verify->record, block);
    digest::append_big<std::uint8_t>(&verify->record, static_cast<std::uint8_t>(section));
}

/// Variable bytes behind a record's fixed part, with their length.
void append_bytes(Verify *verify, ledger::Bytes bytes) {
    digest::append_sized_bytes(&verify->record, bytes.data(), bytes.size());
}

ledger::Bytes bytes_or_none(const LedgerRow *row, AttrNumber column) {
    return row->nulls[column] ? ledger::Bytes() : bytes_in(row, column);
}

void take_block(Verify *verify, const LedgerRow *row, const HeapTupleData *, uint32) {
    const auto number = static_cast<uint64>(DatumGetInt64(value_in(row, kBlockNumber)));
    if (number + 1 < verify->frame.from || number > verify->frame.to || number == 0) {
        return;
    }
    begin_key(verify, number, Section::block);
    BlockRecord block = {};
    block.incarnation = DatumGetInt64(value_in(row, kBlockIncarnation));
    block.lineage = DatumGetInt32(value_in(row, kBlockLineage));
    block.kind = DatumGetInt16(value_in(row, kBlockKind));
    block.secret = hash_in(row, kBlockSecret);
    block.transactions = static_cast<uint64>(DatumGetInt64(value_in(row, kBlockTransactions)));
    block.events = static_cast<uint64>(DatumGetInt64(value_in(row, kBlockEvents)));
    block.tree = hash_in(row, kBlockTree);
    block.slots = hash_in(row, kBlockSlots);
    block.private_part = hash_in(row, kBlockPrivate);
    block.before = hash_in(row, kBlockPrevious);
    block.hash = hash_in(row, kBlockHash);
    block.lsn = DatumGetLSN(value_in(row, kBlockLsn));
    block.sealed_at = DatumGetTimestampTz(value_in(row, kBlockSealedAt));
    digest::append(&verify->record, &block, sizeof(block));
    const LedgerSnapshot snapshot = read_ledger_snapshot(value_in(row, kBlockSnapshot));
    const char *text = snapshot_text(&snapshot);
    append_bytes(verify, ledger::bytes_of(std::string_view(text)));
    append_bytes(verify, bytes_in(row, kBlockNotes));
    put_record(verify->records, &verify->record);
}

/// nullptr: of an incarnation that nobody knows.
const ledger::Hash *hash_of(const Verify *verify, int64 name) {
    const LedgerIncarnation *known = find_incarnation(&verify->frame.known, name);
    if (known != nullptr) {
        return &known->hash;
    }
    return name == verify->frame.here.name ? &verify->frame.here.hash : nullptr;
}

/// Begins the record of a transaction or of one of its events; false where it is not wanted.
bool begin_of_transaction(Verify *verify, const LedgerRow *row, uint32 seq, bool is_event) {
    static_assert(static_cast<int>(kTxXid) == static_cast<int>(kEventXid) &&
                  static_cast<int>(kTxIncarnation) == static_cast<int>(kEventIncarnation));
    const uint64 xid = xid_in(row, kTxXid);
    const int64 name = DatumGetInt64(value_in(row, kTxIncarnation));
    const uint64 block = block_of(&verify->frame, name, xid);
    if (block == kOutside) {
        return false;
    }
    begin_key(verify, block, Section::transaction);
    ledger::Hash incarnation = {};
    const ledger::Hash *known = hash_of(verify, name);
    if (known != nullptr) {
        incarnation = *known;
    } else {
        wire::put_big(incarnation.data(), name);
    }
    digest::append(&verify->record, incarnation.data(), incarnation.size());
    digest::append_big<std::uint64_t>(&verify->record, xid);
    digest::append_big<std::uint32_t>(&verify->record, seq);
    digest::append_big<std::uint8_t>(&verify->record, is_event ? 1 : 0);
    return true;
}

void take_transaction(Verify *verify, const LedgerRow *row, const HeapTupleData *tuple, uint32) {
    if (!begin_of_transaction(verify, row, 0, false)) {
        return;
    }
    TransactionRecord transaction = {};
    transaction.started = DatumGetTimestampTz(value_in(row, kTxAt));
    transaction.committing = DatumGetTimestampTz(value_in(row, kTxCommitting));
    transaction.events = DatumGetInt32(value_in(row, kTxEvents));
    transaction.secret = hash_in(row, kTxSecret);
    transaction.xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
    // Where events are held, the contexts are kept.
    transaction.pruned = row->nulls[kTxContexts] || is_pruned(verify, transaction.started);
    digest::append(&verify->record, &transaction, sizeof(transaction));
    const ledger::Bytes orgs = bytes_in(row, kTxOrgs);
    append_bytes(verify, orgs);
    ledger::ContextReader reader(bytes_or_none(row, kTxContexts));
    auto *contexts =
        static_cast<ledger::Hash *>(palloc(sizeof(ledger::Hash) * (Size{reader.count()} + 1)));
    Size count = 0;
    std::array<ledger::ContextPart, ledger::kContextParts> parts;
    while (reader.next(parts)) {
        contexts[count++] = ledger::context_of(parts);
    }
    digest::append(&verify->record, contexts, sizeof(ledger::Hash) * count);
    if (!row->nulls[kTxContexts] && !reader.complete()) {
        const Shape shape = {"tx", Check::membership, 0, 0, 0, take_transaction};
        refute_shape(verify, &shape, row, tuple, "contexts have bytes that are none");
    }
    put_record(verify->records, &verify->record);
    const int64 name = DatumGetInt64(row->values[kTxIncarnation]);
    const ledger::Hash *incarnation = hash_of(verify, name);
    if (incarnation != nullptr && !transaction.pruned) {
        fold_transaction(verify->folds, name, xid_in(row, kTxXid), incarnation, &transaction, orgs,
                         std::span(contexts, count));
    }
}

/// The commitment to what is stored, or the one that was left when it was erased. Both at once
/// would let something be shown that nothing commits to.
void commit_key(const LedgerRow *row, EventRecord *event) {
    if (row->nulls[kEventKeyHash]) {
        if (row->nulls[kEventKeySalt]) {
            event->twofold = true; // neither the key nor what is left of it
            return;
        }
        // Who looks for keys without bytes does not find NULL.
        event->unwritten |= row->nulls[kEventKey];
        event->key =
            ledger::key_commitment(salt_in(row, kEventKeySalt), bytes_or_none(row, kEventKey));
        return;
    }
    event->key = hash_in(row, kEventKeyHash);
    event->erased = true;
    event->twofold |= !row->nulls[kEventKeySalt] || !row->nulls[kEventKey];
}

/// None is NULL, never the byte that says so in what is hashed.
bool is_none_in_bytes(const LedgerRow *row, AttrNumber column) {
    return !row->nulls[column] && bytes_in(row, column).size() == ledger::no_image().size() &&
           bytes_in(row, column)[0] == ledger::no_image()[0];
}

void commit_images(const LedgerRow *row, EventRecord *event) {
    if (row->nulls[kEventImagesHash]) {
        if (row->nulls[kEventImagesSalt]) {
            event->twofold = true;
            return;
        }
        event->unwritten |= is_none_in_bytes(row, kEventOld) || is_none_in_bytes(row, kEventNew);
        event->images = ledger::images_commitment(
            salt_in(row, kEventImagesSalt),
            row->nulls[kEventOld] ? ledger::no_image() : bytes_in(row, kEventOld),
            row->nulls[kEventNew] ? ledger::no_image() : bytes_in(row, kEventNew));
        return;
    }
    event->images = hash_in(row, kEventImagesHash);
    event->erased = true;
    event->twofold |=
        !row->nulls[kEventImagesSalt] || !row->nulls[kEventOld] || !row->nulls[kEventNew];
}

void read_event(const LedgerRow *row, const HeapTupleData *tuple, uint32 partition,
                EventRecord *event) {
    event->at = DatumGetTimestampTz(value_in(row, kEventAt));
    event->lsn = DatumGetLSN(value_in(row, kEventLsn));
    event->cid = static_cast<uint32>(DatumGetInt32(value_in(row, kEventCid)));
    event->pair = row->nulls[kEventPair]
                      ? ledger::kNoPair
                      : static_cast<uint32>(DatumGetInt32(row->values[kEventPair]));
    event->table = DatumGetInt32(value_in(row, kEventTable));
    event->unwritten = !row->nulls[kEventPair] && event->pair == ledger::kNoPair;
    event->descriptor = DatumGetInt32(value_in(row, kEventDescriptor));
    event->context = DatumGetInt16(value_in(row, kEventContext));
    event->op = DatumGetChar(value_in(row, kEventOp));
    event->place = {partition, tuple->t_self, HeapTupleHeaderGetRawXmin(tuple->t_data)};
    commit_key(row, event);
    commit_images(row, event);
}

void take_event(Verify *verify, const LedgerRow *row, const HeapTupleData *tuple,
                uint32 partition) {
    const uint64 xid = xid_in(row, kEventXid);
    const int64 name = DatumGetInt64(value_in(row, kEventIncarnation));
    FoldEntry *entry = find_fold(verify->folds, name, xid);
    const bool second_pass = verify->folds->second_pass;
    if (second_pass ? entry == nullptr || !entry->spoiled : entry != nullptr && entry->spoiled) {
        return;
    }
    EventRecord event = {};
    read_event(row, tuple, partition, &event);
    const auto seq = static_cast<uint32>(DatumGetInt32(value_in(row, kEventSeq)));
    const ledger::Bytes org = bytes_or_none(row, kEventOrg);
    if (entry != nullptr && !second_pass) {
        fold_event(verify, entry, seq, &event, org);
    } else if (begin_of_transaction(verify, row, seq, true)) {
        digest::append(&verify->record, &event, sizeof(event));
        digest::append(&verify->record, org.data(), org.size());
        put_record(verify->records, &verify->record);
    }
}

/// Links below the range give the state with which it begins: the newest of each organization.
void take_old_link(Verify *verify, const LedgerRow *row) {
    OrgState *state = find_or_add_org(verify->orgs, bytes_in(row, kLinkOrg));
    const auto k = static_cast<uint64>(DatumGetInt64(value_in(row, kLinkK)));
    if (k > state->k) {
        state->k = k;
        state->total = static_cast<uint64>(DatumGetInt64(value_in(row, kLinkTotal)));
        state->link = hash_in(row, kLinkHash);
    }
}

void take_link(Verify *verify, const LedgerRow *row, const HeapTupleData *, uint32) {
    const auto block = static_cast<uint64>(DatumGetInt64(value_in(row, kLinkBlock)));
    if (block < verify->frame.from) {
        take_old_link(verify, row);
        return;
    }
    if (block > verify->frame.to && !verify->frame.with_tail) {
        return;
    }
    begin_key(verify, Min(block, kTail), Section::link);
    LinkRecord link = {};
    link.k = static_cast<uint64>(DatumGetInt64(value_in(row, kLinkK)));
    link.transactions = static_cast<uint32>(DatumGetInt32(value_in(row, kLinkTransactions)));
    link.events = static_cast<uint64>(DatumGetInt64(value_in(row, kLinkEvents)));
    link.total = static_cast<uint64>(DatumGetInt64(value_in(row, kLinkTotal)));
    link.tree = hash_in(row, kLinkTree);
    link.before = hash_in(row, kLinkPrevious);
    link.hash = hash_in(row, kLinkHash);
    digest::append(&verify->record, &link, sizeof(link));
    const ledger::Bytes org = bytes_in(row, kLinkOrg);
    digest::append(&verify->record, org.data(), org.size());
    put_record(verify->records, &verify->record);
}

void take_org(Verify *verify, const LedgerRow *row, const HeapTupleData *, uint32) {
    OrgState *state = find_or_add_org(verify->orgs, bytes_in(row, kOrgOrg));
    state->slot = DatumGetInt32(value_in(row, kOrgSlot));
}

constexpr Shape kOrgs = {"org", Check::roots, kOrgColumns, 0, 0, take_org};
constexpr Shape kBlocks = {
    "block",
    Check::chain,
    kBlockColumns,
    0,
    bits(kBlockSecret, kBlockTree, kBlockSlots, kBlockPrivate, kBlockPrevious, kBlockHash),
    take_block};
constexpr Shape kLinks = {
    "link", Check::roots, kLinkColumns, 0, bits(kLinkTree, kLinkPrevious, kLinkHash), take_link};
constexpr Shape kTransactions = {
    "tx", Check::membership, kTxColumns, bits(kTxContexts), bits(kTxSecret), take_transaction};
constexpr Shape kEvents = {"event",
                           Check::payloads,
                           kEventColumns,
                           bits(kEventPair, kEventKeySalt, kEventImagesSalt, kEventKey, kEventOld,
                                kEventNew, kEventKeyHash, kEventImagesHash),
                           bits(kEventKeyHash, kEventImagesHash),
                           take_event};

void read_table(Verify *verify, const Shape *shape) {
    Relation relation = open_ledger_table(shape->table, AccessShareLock);
    read_heap(verify, relation, 0, shape);
    table_close(relation, AccessShareLock);
}

void read_partitions(Verify *verify, const List *partitions, const Shape *shape) {
    uint32 number = 0;
    ListCell *cell;
    foreach (cell, partitions) {
        Relation relation = table_open(lfirst_oid(cell), NoLock);
        read_heap(verify, relation, number++, shape);
        table_close(relation, NoLock);
    }
}

} // namespace

void read_rows(Verify *verify) {
    read_table(verify, &kOrgs);
    read_table(verify, &kBlocks);
    read_table(verify, &kLinks);
    read_partitions(verify, leaf_partitions("tx", AccessShareLock), &kTransactions);
    read_partitions(verify, verify->partitions, &kEvents);
    if (close_folds(verify)) {
        verify->folds->second_pass = true;
        read_partitions(verify, verify->partitions, &kEvents);
    }
}

} // namespace custody::audit
