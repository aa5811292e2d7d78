// Plain C-style: no local has a destructor.
// The sorted records, block by block: a block's row, its transactions with their events, its links.
#include "extension/audit/verify_walk.hpp"

namespace custody::audit {

namespace {

void finish_block(Walk *walk) {
    close_transaction(walk);
    if (walk->block > kOutside && walk->block < kTail) {
        close_members(walk);
        close_chain_block(walk);
    }
}

void begin(Walk *walk, uint64 block) {
    walk->block = block;
    walk->frame = block < kTail ? frame_of(&walk->verify->frame, block) : nullptr;
    walk->has_block = false;
    walk->members_closed = false;
    walk->transactions = 0;
    walk->events = 0;
    walk->tree.count = 0;
    begin_block(walk->verify->orgs);
}

void take_transaction(Walk *walk, ledger::Bytes rest) {
    ledger::Hash incarnation;
    memcpy(incarnation.data(), rest.data(), incarnation.size());
    const uint64 xid = wire::get_big<std::uint64_t>(rest.data() + 32);
    const uint32 seq = wire::get_big<std::uint32_t>(rest.data() + 40);
    const bool is_event = rest[44] != std::byte{0};
    rest = rest.subspan(45);
    const OpenTransaction *open = &walk->transaction;
    const bool goes_on = open->open && open->xid == xid && open->incarnation == incarnation;
    if (!goes_on || !is_event) {
        if (goes_on) {
            refute_in_block(walk, Check::membership, transaction_name(open), "is there twice");
        }
        close_transaction(walk);
        open_transaction(walk, &incarnation, xid);
    }
    if (is_event) {
        add_event(walk, seq, rest);
    } else {
        set_transaction(walk, rest);
    }
}

} // namespace

void refute_in_block(Walk *walk, Check check, const char *object, const char *detail) {
    const Finding finding = {check, object, walk->block, detail, -1, -1, nullptr};
    refute(walk->verify, &finding);
}

char *hexadecimal(ledger::Bytes bytes) {
    auto *text = static_cast<char *>(palloc(bytes.size() * 2 + 1));
    text[hex_encode(reinterpret_cast<const char *>(bytes.data()), bytes.size(), text)] = '\0';
    return text;
}

void walk(Verify *verify) {
    Walk state = {};
    state.verify = verify;
    state.memory = CurrentMemoryContext;
    sort_records(verify->records);
    struct varlena *held = nullptr;
    const std::byte *bytes;
    Size length;
    while (next_record(verify->records, &held, &bytes, &length)) {
        ledger::Bytes rest(bytes, length);
        const uint64 block = wire::get_big<std::uint64_t>(bytes);
        const auto section = static_cast<Section>(bytes[8]);
        rest = rest.subspan(kKeyBytes);
        if (block != state.block) {
            finish_block(&state);
            begin(&state, block);
        }
        switch (section) {
        case Section::block:
            begin_chain_block(&state, rest);
            break;
        case Section::transaction:
            take_transaction(&state, rest);
            break;
        case Section::link:
            close_transaction(&state);
            check_link(&state, rest);
            break;
        }
        CHECK_FOR_INTERRUPTS();
    }
    finish_block(&state);
    end_record_sorter(verify->records);
}

} // namespace custody::audit
