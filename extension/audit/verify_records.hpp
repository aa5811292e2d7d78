// What a verification keeps of the rows of the ledger while they are sorted. A record is
//   u64 block, u8 section, and then
//   block:       BlockRecord, lp(snapshot), lp(notes)
//   transaction: 32 bytes incarnation, u64 xid, u32 0, u8 0, TransactionRecord, lp(orgs), contexts
//                (32 bytes each); its events follow, with their seq and 1 in the place of the
//                zeros: EventRecord, organization
//   link:        LinkRecord, organization
// with the integers before the structs big-endian, so that bytes sort as they should.
#pragma once

#include "common/big_endian.hpp"

#include "extension/audit/verify.hpp"

namespace custody::audit {

struct BlockRecord {
    int64 incarnation;
    int32 lineage;
    int16 kind;
    uint64 transactions;
    uint64 events;
    uint64 lsn;
    TimestampTz sealed_at;
    ledger::Hash secret, tree, slots, private_part, before, hash;
};

struct TransactionRecord {
    TimestampTz started;
    TimestampTz committing;
    int32 events;
    TransactionId xmin;
    bool pruned;
    ledger::Hash secret;
};

struct EventRecord {
    TimestampTz at;
    uint64 lsn;
    uint32 cid;
    uint32 pair;
    int32 table;
    int32 descriptor;
    int16 context;
    char op;
    bool erased;
    bool twofold;   // has both what is erased and what is left of it
    bool unwritten; // has NULL where custody writes no bytes, or the other way round
    EventPlace place;
    ledger::Hash key, images; // commitments
};

struct LinkRecord {
    uint64 k;
    uint32 transactions;
    uint64 events;
    uint64 total;
    ledger::Hash tree, before, hash;
};

inline constexpr Size kKeyBytes = 8 + 1;
inline constexpr Size kTransactionKeyBytes = kKeyBytes + 32 + 8 + 4 + 1;

inline ledger::Salt salt_in(const LedgerRow *row, AttrNumber column) {
    return uuid_of(value_in(row, column));
}

/// Takes lp(bytes) off the front of what is left of a record.
inline ledger::Bytes take_bytes(ledger::Bytes *rest) {
    const uint32 length = wire::get_big<std::uint32_t>(rest->data());
    const ledger::Bytes bytes = rest->subspan(4, length);
    *rest = rest->subspan(4 + length);
    return bytes;
}

/// Takes a struct off the front.
template <typename Record> Record take_struct(ledger::Bytes *rest) {
    Record record;
    memcpy(&record, rest->data(), sizeof(record));
    *rest = rest->subspan(sizeof(record));
    return record;
}

} // namespace custody::audit
