// The state of a verification while it goes through the sorted records. Plain C-style.
#pragma once

#include "extension/audit/verify_records.hpp"

namespace custody::audit {

/// Events that are kept to be named, should their transaction turn out to be wrong.
inline constexpr int kNamed = 10;

/// What a transaction's row says of one organization, and what its events give.
struct ExpectedOrg {
    ledger::OrgTree says;
    GrowingTree tree;
};

struct Named {
    EventPlace place;
    uint32 seq;
    int32 org; // index of ExpectedOrg; -1: of none of them
};

struct NamedEvents {
    Named all[kNamed];
    uint64 count; // of all there are
};

struct OpenTransaction {
    bool open;
    bool has_row;
    ledger::Hash incarnation;
    uint64 xid;
    TransactionRecord row;
    std::byte *orgs; // copy; `says` points into it
    Size orgs_room;
    ExpectedOrg *expected;
    int32 expected_count;
    int32 expected_room;
    int32 last; // the organization of the event before
    ledger::Hash *contexts;
    uint32 context_count;
    uint32 context_room;
    uint64 events;     // that are there
    uint64 strays;     // of them: refuted by themselves
    NamedEvents first; // of all events
    NamedEvents late;  // of those stored after the block was closed
    uint32 last_seq;
};

struct Walk {
    Verify *verify;
    uint64 block; // whose records come
    const BlockFrame *frame;
    bool has_block;
    bool members_closed;
    BlockRecord row;
    ledger::Bytes snapshot, notes; // of the block; copies
    OpenTransaction transaction;
    uint64 transactions;
    uint64 events;
    GrowingTree tree;
    // the chain
    uint64 last_number; // 0: none yet
    ledger::Hash last_hash;
    int64 last_incarnation;
    MemoryContext memory;
};

void open_transaction(Walk *walk, const ledger::Hash *incarnation, uint64 xid);
void set_transaction(Walk *walk, ledger::Bytes rest);
void add_event(Walk *walk, uint32 seq, ledger::Bytes rest);
void close_transaction(Walk *walk);

/// An event by itself: its table and key are named.
void refute_event(Walk *walk, const Named *event, const char *wrong);

void begin_chain_block(Walk *walk, ledger::Bytes rest);
void close_members(Walk *walk);
void check_link(Walk *walk, ledger::Bytes rest);
void close_chain_block(Walk *walk);

/// The block's number and time into a finding that has the rest.
void refute_in_block(Walk *walk, Check check, const char *object, const char *detail);

/// "transaction 745 of incarnation 0123456789abcdef".
char *transaction_name(const OpenTransaction *transaction);
char *hexadecimal(ledger::Bytes bytes);

} // namespace custody::audit
