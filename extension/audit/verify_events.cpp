// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// One transaction: its events give the trees that its row has, and nothing else is there.
#include "extension/audit/verify_walk.hpp"

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

int32 find_expected(OpenTransaction *transaction, ledger::Bytes org) {
    const auto is = [transaction, org](int32 i) {
        const ledger::Bytes other = transaction->expected[i].says.org;
        return other.size() == org.size() &&
               (org.empty() || memcmp(other.data(), org.data(), org.size()) == 0);
    };
    if (transaction->last < transaction->expected_count && is(transaction->last)) {
        return transaction->last;
    }
    int32 low = 0;
    int32 high = transaction->expected_count;
    while (low < high) { // ascending by bytes
        const int32 middle = (low + high) / 2;
        const ledger::Bytes other = transaction->expected[middle].says.org;
        const Size shorter = Min(other.size(), org.size());
        const int order = shorter == 0 ? 0 : memcmp(other.data(), org.data(), shorter);
        if (order < 0 || (order == 0 && other.size() < org.size())) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < transaction->expected_count && is(low)) {
        transaction->last = low;
        return low;
    }
    return -1;
}

/// What stands beside the hashed bytes and would lead a reader astray; nullptr: nothing.
const char *what_is_wrong(const Verify *verify, const OpenTransaction *transaction,
                          const EventRecord *event) {
    if (event->twofold) {
        return "is erased, but not as custody erases: bytes are beside what they were hashed to, "
               "or both are gone";
    }
    if (event->descriptor < 0 || event->descriptor >= verify->descriptor_count ||
        !verify->descriptors[event->descriptor].known) {
        return "has a descriptor that is not there";
    }
    if (verify->descriptors[event->descriptor].table != event->table) {
        return "has the descriptor of another table";
    }
    if (event->context < 0 || static_cast<uint32>(event->context) >= transaction->context_count) {
        return "has a context that its transaction does not have";
    }
    if (event->at != transaction->row.started) {
        return "has another time than its transaction";
    }
    return nullptr;
}

ledger::Hash leaf_of(const Verify *verify, const OpenTransaction *transaction, uint32 seq,
                     const EventRecord *event) {
    const ledger::Order order = {transaction->row.secret,
                                 transaction->incarnation,
                                 transaction->xid,
                                 seq,
                                 event->cid,
                                 event->lsn,
                                 event->pair};
    return ledger::event_leaf(
        {ledger::order_commitment(order), event->op, transaction->contexts[event->context],
         verify->descriptors[event->descriptor].hash, event->key, event->images});
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
    const char *wrong = transaction->has_row ? what_is_wrong(verify, transaction, &event) : "";
    if (wrong == nullptr && transaction->last_seq == seq) {
        wrong = "has the number of another event";
    }
    transaction->last_seq = seq;
    const int32 org = wrong == nullptr ? find_expected(transaction, rest) : -1;
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
    const ledger::Hash leaf = leaf_of(verify, transaction, seq, &event);
    add_to_tree(walk->memory, &transaction->expected[org].tree, &leaf);
}

} // namespace custody::audit
