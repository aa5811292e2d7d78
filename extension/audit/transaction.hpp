// The current transaction in the ledger: its events are written and put into their organizations'
// trees as they come, its own row before it commits or is prepared. Plain C-style.
#pragma once

#include "common/ledger_hash.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// Bytes as the ledger's columns hold them, uncompressed, with a long header.
using Bytea = struct varlena;

inline ledger::Bytes bytes_of(const Bytea *value) {
    return {reinterpret_cast<const std::byte *>(VARDATA(value)), VARSIZE(value) - VARHDRSZ};
}

/// What the ledger records of one change. Salts first, by draw_salts(): values that are stored as
/// their hashes need that of the images.
struct Event {
    char op;
    bool with_query; // hash of the query's text in the context
    int32 tbl;
    int32 descriptor;
    const ledger::Hash *descriptor_hash;
    uint32 cid;
    XLogRecPtr lsn;
    uint32 pair; // or ledger::kNoPair
    ledger::Salt key_salt;
    ledger::Salt images_salt;
    const Bytea *org;
    const Bytea *key;
    const Bytea *old_image; // nullptr: none
    const Bytea *new_image;
};

void draw_salts(Event *event);

/// Writes the event; returns its sequence number. Raises program_limit_exceeded past 2^31 of them,
/// and what insert_ledger_row() raises.
uint32 record_event(const Event *event);

/// True where the transaction has written events, even if all were rolled back to a savepoint.
bool transaction_has_events();

} // namespace custody::audit
