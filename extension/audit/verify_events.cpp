// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// One transaction: its events give the trees that its row has, and nothing else is there.
#include "extension/audit/verify_fold.hpp"

namespace custody::audit {

namespace {

template <typename Entry>
Entry *grown(MemoryContext memory, Entry *all, uint32 old_room, uint32 room) {
    auto *wider = static_cast<Entry *>(MemoryContextAllocExtended(
        memory, sizeof(Entry) * room, MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE));
    if (all != nullptr) {
        memcpy(static_cast<void *>(wider), all, sizeof(Entry) * old_room);
        pfree(all);
    }
    return wider;
}

void note(NamedEvents *events, const EventRecord *event, uint32 seq, int32 org) {
    if (events->count < kNamed) {
        events->all[events->count] = {event->place, seq, org};
    }
    ++events->count;
}

/// A row's xmin is the transaction's own, or a subtransaction's, unless somebody stored it anew;
/// the block's snapshot, which saw the transaction, does not see one that came later.
bool is_stored_late(const Walk *walk, TransactionId xmin) {
    if (walk->frame == nullptr || walk->transaction.xid == 0) {
        return false;
    }
    uint64 full = (walk->transaction.xid & ~uint64{0xFFFFFFFF}) | xmin;
    if (full < walk->transaction.xid) {
        full += uint64{1} << 32;
    }
    return !sees(&walk->frame->snapshot, full);
}

void set_expected(Walk *walk, ledger::Bytes orgs) {
    OpenTransaction *transaction = &walk->transaction;
    if (orgs.size() > transaction->orgs_room) {
        const Size room = orgs.size() * 2;
        transaction->orgs = static_cast<std::byte *>(MemoryContextAllocHuge(walk->memory, room));
        transaction->orgs_room = room;
    }
    if (!orgs.empty()) {
        memcpy(transaction->orgs, orgs.data(), orgs.size());
    }
    ledger::OrgReader reader(ledger::Bytes(transaction->orgs, orgs.size()));
    for (ledger::OrgTree org; reader.next(org);) {
        if (transaction->expected_count == transaction->expected_room) {
            const int32 room = Max(4, transaction->expected_room * 2);
            transaction->expected =
                grown(walk->memory, transaction->expected,
                      static_cast<uint32>(transaction->expected_room), static_cast<uint32>(room));
            transaction->expected_room = room;
        }
        ExpectedOrg *expected = transaction->expected + transaction->expected_count++;
        expected->says = org;
        expected->tree.count = 0;
    }
}

} // namespace

int32 find_expected(const ExpectedOrg *expected, int32 count, int32 last, ledger::Bytes org) {
    const auto compare = [expected, org](int32 i) {
        const ledger::Bytes other = expected[i].says.org;
        const Size shorter = Min(other.size(), org.size());
        const int order = shorter == 0 ? 0 : memcmp(other.data(), org.data(), shorter);
        if (order != 0 || other.size() == org.size()) {
            return order;
        }
        return other.size() < org.size() ? -1 : 1;
    };
    // Rows of one organization come together, or those of all in turn.
    for (int32 i = last; i < count && i < last + 2; ++i) {
        if (compare(i) == 0) {
            return i;
        }
    }
    int32 low = 0;
    int32 high = count;
    while (low < high) { // ascending by bytes
        const int32 middle = (low + high) / 2;
        if (compare(middle) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && compare(low) == 0 ? low : -1;
}

const char *what_is_wrong(const Verify *verify, TimestampTz started, uint32 contexts,
                          const EventRecord *event) {
    if (event->twofold) {
        return "is erased, but not as custody erases: bytes are beside what they were hashed to, "
               "or both are gone";
    }
    if (event->unwritten) {
        return "has NULL where custody writes bytes, or bytes where it writes NULL";
    }
    if (event->descriptor < 0 || event->descriptor >= verify->descriptor_count ||
        !verify->descriptors[event->descriptor].known) {
        return "has a descriptor that is not there";
    }
    if (verify->descriptors[event->descriptor].table != event->table) {
        return "has the descriptor of another table";
    }
    if (event->context < 0 || static_cast<uint32>(event->context) >= contexts) {
        return "has a context that its transaction does not have";
    }
    return event->at != started ? "has another time than its transaction" : nullptr;
}

ledger::Hash leaf_of_event(const Verify *verify, const ledger::Hash *secret,
                           const ledger::Hash *incarnation, uint64 xid,
                           const ledger::Hash *contexts, uint32 seq, const EventRecord *event) {
    const ledger::Order order = {*secret,    *incarnation, xid,        seq,
                                 event->cid, event->lsn,   event->pair};
    return ledger::event_leaf({ledger::order_commitment(order), event->op, contexts[event->context],
                               verify->descriptors[event->descriptor].hash, event->key,
                               event->images});
}

void open_transaction(Walk *walk, const ledger::Hash *incarnation, uint64 xid) {
    OpenTransaction *transaction = &walk->transaction;
    transaction->open = true;
    transaction->has_row = false;
    transaction->incarnation = *incarnation;
    transaction->xid = xid;
    transaction->row = {};
    transaction->expected_count = 0;
    transaction->last = 0;
    transaction->context_count = 0;
    transaction->events = 0;
    transaction->strays = 0;
    transaction->first.count = 0;
    transaction->late.count = 0;
    transaction->last_seq = 0;
}

void set_transaction(Walk *walk, ledger::Bytes rest) {
    OpenTransaction *transaction = &walk->transaction;
    transaction->has_row = true;
    transaction->row = take_struct<TransactionRecord>(&rest);
    const ledger::Bytes orgs = take_bytes(&rest);
    set_expected(walk, orgs);
    const auto contexts = static_cast<uint32>(rest.size() / sizeof(ledger::Hash));
    if (contexts > transaction->context_room) {
        transaction->contexts = grown(walk->memory, transaction->contexts, 0, contexts * 2);
        transaction->context_room = contexts * 2;
    }
    if (contexts > 0) {
        memcpy(static_cast<void *>(transaction->contexts), rest.data(), rest.size());
    }
    transaction->context_count = contexts;

    const auto number = ledger::orgs_number(orgs);
    if (!number) {
        refute_in_block(walk, Check::membership, transaction_name(transaction),
                        "its organizations do not have their form");
        return;
    }
    const TransactionRecord *row = &transaction->row;
    const ledger::Hash token =
        ledger::transaction_token(row->secret, transaction->incarnation, transaction->xid);
    const ledger::Hash leaf =
        ledger::transaction_leaf(token, row->started, row->committing, *number, orgs);
    add_to_tree(walk->memory, &walk->tree, &leaf);
    const uint64 events =
        add_transaction(walk->verify->orgs, &token, row->started, row->committing, orgs);
    walk->events += events;
    ++walk->transactions;
    if (events != static_cast<uint64>(row->events)) {
        refute_in_block(
            walk, Check::membership, transaction_name(transaction),
            psprintf("says that it has %d events, its organizations have " UINT64_FORMAT,
                     row->events, events));
    }
}

void add_event(Walk *walk, uint32 seq, ledger::Bytes rest) {
    OpenTransaction *transaction = &walk->transaction;
    Verify *verify = walk->verify;
    const EventRecord event = take_struct<EventRecord>(&rest);
    ++transaction->events;
    ++verify->events;
    verify->erased += event.erased ? 1 : 0;
    const char *wrong = transaction->has_row ? what_is_wrong(verify, transaction->row.started,
                                                             transaction->context_count, &event)
                                             : "";
    if (wrong == nullptr && transaction->last_seq == seq) {
        wrong = "has the number of another event";
    }
    transaction->last_seq = seq;
    const int32 org = wrong == nullptr
                          ? find_expected(transaction->expected, transaction->expected_count,
                                          transaction->last, rest)
                          : -1;
    note(&transaction->first, &event, seq, org);
    if (is_stored_late(walk, event.place.xmin)) {
        note(&transaction->late, &event, seq, org);
    }
    if (org < 0) {
        ++transaction->strays;
        if (transaction->has_row) {
            const Named named = {event.place, seq, -1};
            refute_event(walk, &named,
                         wrong == nullptr
                             ? "is of an organization that its transaction does not name"
                             : wrong);
        }
        return;
    }
    transaction->last = org;
    const ledger::Hash leaf =
        leaf_of_event(verify, &transaction->row.secret, &transaction->incarnation, transaction->xid,
                      transaction->contexts, seq, &event);
    add_to_tree(walk->memory, &transaction->expected[org].tree, &leaf);
}

} // namespace custody::audit
