// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything. The
// callbacks at the end run while the server commits, prepares or aborts.
#include "extension/audit/transaction.hpp"

#include "extension/audit/audit.hpp"
#include "extension/audit/capture_table.hpp"
#include "extension/audit/context_parts.hpp"
#include "extension/audit/event_context.hpp"
#include "extension/audit/incarnation.hpp"
#include "extension/audit/ledger_relation.hpp"
#include "extension/audit/load.hpp"
#include "extension/audit/moved_rows.hpp"
#include "extension/audit/org_trees.hpp"
#include "extension/audit/owner_code.hpp"
#include "extension/audit/random_pool.hpp"
#include "extension/audit/transaction_memory.hpp"
#include "extension/audit/worker.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

struct {
    bool begun;
    bool over; // it commits: what comes now would be in no tree
    uint32 seq;
    std::int64_t short_incarnation;
    TimestampTz started;
    ledger::Order order; // what is the same for all events is filled in
} transaction;

MemoryContext memory = nullptr;

enum EventColumn {
    kAt,
    kXid,
    kIncarnation,
    kLsn,
    kSeq,
    kCid,
    kTbl,
    kDescriptor,
    kPair,
    kContext,
    kOp,
    kKeySalt,
    kImagesSalt,
    kOrg,
    kKey,
    kOld,
    kNew,
    kKeyHash,
    kImagesHash,
    kEventColumns
};

enum TransactionColumn {
    kTxAt,
    kTxXid,
    kTxIncarnation,
    kTxCommitting,
    kTxEvents,
    kTxSecret,
    kTxOrgs,
    kTxContexts,
    kTxColumns
};

void begin_transaction() {
    if (transaction.over) {
        pg::raise(ERRCODE_INVALID_TRANSACTION_STATE,
                  "a recorded table cannot be changed at the end of a transaction",
                  "another extension does it while the transaction commits, after its events "
                  "were counted and hashed",
                  "load that extension after custody, or have it write before COMMIT");
    }
    const Incarnation *incarnation = current_incarnation();
    transaction.order.xid = U64FromFullTransactionId(GetTopFullTransactionId());
    transaction.order.incarnation = incarnation->hash;
    fill_random(transaction.order.secret.data(), transaction.order.secret.size());
    (void)transaction_memory(); // which tells at_transaction() that there is something to forget
    transaction.short_incarnation = incarnation->short_name;
    transaction.started = GetCurrentTransactionStartTimestamp();
    transaction.seq = 0;
    transaction.begun = true;
}

void insert_event(const Event *event, uint32 seq, int16 context) {
    Datum values[kEventColumns];
    bool nulls[kEventColumns] = {};
    values[kAt] = TimestampTzGetDatum(transaction.started);
    values[kXid] = UInt64GetDatum(transaction.order.xid);
    values[kIncarnation] = Int64GetDatum(transaction.short_incarnation);
    values[kLsn] = LSNGetDatum(event->lsn);
    values[kSeq] = Int32GetDatum(static_cast<int32>(seq));
    values[kCid] = Int32GetDatum(static_cast<int32>(event->cid));
    values[kTbl] = Int32GetDatum(event->tbl);
    values[kDescriptor] = Int32GetDatum(event->descriptor);
    values[kPair] = Int32GetDatum(static_cast<int32>(event->pair));
    nulls[kPair] = event->pair == ledger::kNoPair;
    values[kContext] = Int16GetDatum(context);
    values[kOp] = CharGetDatum(event->op);
    values[kKeySalt] = PointerGetDatum(event->key_salt.data());
    values[kImagesSalt] = PointerGetDatum(event->images_salt.data());
    values[kOrg] = PointerGetDatum(event->org);
    values[kKey] = PointerGetDatum(event->key);
    values[kOld] = PointerGetDatum(event->old_image);
    nulls[kOld] = event->old_image == nullptr;
    values[kNew] = PointerGetDatum(event->new_image);
    nulls[kNew] = event->new_image == nullptr;
    nulls[kKeyHash] = nulls[kImagesHash] = true;
    insert_ledger_row(LedgerTable::event, transaction.started, values, nulls);
}

ledger::Bytes image_bytes(const Bytea *image) {
    return image == nullptr ? ledger::no_image() : bytes_of(image);
}

ledger::Hash leaf_of(const Event *event, uint32 seq, const ledger::Hash &context) {
    ledger::Order order = transaction.order;
    order.seq = seq;
    order.cid = event->cid;
    order.lsn = event->lsn;
    order.pair = event->pair;
    return ledger::event_leaf(
        {ledger::order_commitment(order), event->op, context, *event->descriptor_hash,
         ledger::key_commitment(event->key_salt, bytes_of(event->key)),
         ledger::images_commitment(event->images_salt, image_bytes(event->old_image),
                                   image_bytes(event->new_image))});
}

Bytea *finish(digest::RowBuffer *buffer) {
    auto *value = reinterpret_cast<Bytea *>(buffer->data);
    SET_VARSIZE(value, buffer->length);
    return value;
}

digest::RowBuffer new_value() {
    digest::RowBuffer buffer;
    buffer.capacity = 1024;
    buffer.data = static_cast<std::byte *>(palloc(buffer.capacity));
    buffer.length = buffer.value = VARHDRSZ;
    return buffer;
}

/// The row of a transaction that has events left.
void insert_transaction() {
    digest::RowBuffer orgs = new_value();
    const uint64 events = append_org_trees(&orgs);
    if (events == 0) {
        return;
    }
    digest::RowBuffer contexts = new_value();
    append_contexts(&contexts);
    digest::RowBuffer secret = new_value();
    digest::append(&secret, transaction.order.secret.data(), transaction.order.secret.size());
    Datum values[kTxColumns];
    bool nulls[kTxColumns] = {};
    values[kTxAt] = TimestampTzGetDatum(transaction.started);
    values[kTxXid] = UInt64GetDatum(transaction.order.xid);
    values[kTxIncarnation] = Int64GetDatum(transaction.short_incarnation);
    values[kTxCommitting] = TimestampTzGetDatum(GetCurrentTimestamp());
    values[kTxEvents] = Int32GetDatum(static_cast<int32>(events));
    values[kTxSecret] = PointerGetDatum(finish(&secret));
    values[kTxOrgs] = PointerGetDatum(finish(&orgs));
    values[kTxContexts] = PointerGetDatum(finish(&contexts));
    insert_ledger_row(LedgerTable::tx, transaction.started, values, nulls);
}

/// Nothing that could write an event runs any more; an ERROR still rolls all back.
void end_events() {
    MemoryContext caller = MemoryContextSwitchTo(transaction_memory());
    insert_transaction();
    MemoryContextSwitchTo(caller);
    close_ledger();
}

void forget_transaction() {
    transaction.begun = false;
    explicit_bzero(transaction.order.secret.data(), transaction.order.secret.size());
    forget_org_trees();
    forget_contexts();
    forget_ledger();
    MemoryContextReset(memory);
}

void at_transaction(XactEvent event, void *) {
    transaction.over = event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE;
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
        end_capture_tables(event == XACT_EVENT_ABORT, true);
    }
    if (memory == nullptr || (!transaction.begun && MemoryContextIsEmpty(memory))) {
        return;
    }
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        end_events();
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        forget_transaction();
        break;
    default: // of a parallel worker, which writes nothing
        break;
    }
}

void at_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    end_capture_tables(event == SUBXACT_EVENT_ABORT_SUB, false);
    if (!transaction.begun) {
        return;
    }
    if (event == SUBXACT_EVENT_ABORT_SUB) {
        undo_org_trees(GetCurrentTransactionNestLevel());
        recover_ledger();
    } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
        keep_org_trees(GetCurrentTransactionNestLevel());
    }
}

} // namespace

MemoryContext transaction_memory() {
    if (memory == nullptr) {
        memory = AllocSetContextCreate(TopMemoryContext, "custody ledger transaction",
                                       ALLOCSET_DEFAULT_SIZES);
    }
    return memory;
}

void draw_salts(Event *event) {
    fill_random(event->key_salt.data(), event->key_salt.size());
    fill_random(event->images_salt.data(), event->images_salt.size());
}

uint32 record_event(const Event *event) {
    if (unlikely(!transaction.begun || transaction.over)) {
        begin_transaction();
    }
    const uint32 seq = ++transaction.seq;
    if (unlikely(seq > PG_INT32_MAX)) {
        pg::raise(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                  "a transaction cannot have more than 2147483647 audited changes");
    }
    const EventContext *context = current_event_context(event->with_query);
    const ledger::Hash leaf = leaf_of(event, seq, context->commitment);
    const ledger::Bytes org = bytes_of(event->org);
    OrgTree *tree = org_tree(org.data(), static_cast<uint32>(org.size()));
    insert_event(event, seq, context->index);
    add_event(tree, leaf);
    return seq;
}

bool transaction_has_events() { return transaction.begun; }

void init_audit() {
    init_owner_code();
    RegisterXactCallback(at_transaction, nullptr);
    RegisterSubXactCallback(at_subtransaction, nullptr);
    watch_ledger();
    watch_roles();
    watch_captured();
    watch_loads();
    watch_commands();
    init_sealer();
}

} // namespace custody::audit
