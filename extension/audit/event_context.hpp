// Who changes a row, from where and with which claims (docs/ledger-format.md, section 4): made once
// for a statement and user, kept once for each transaction. Plain C-style.
#pragma once

#include "common/ledger_hash.hpp"

#include "extension/digest/row_buffer.hpp"

namespace custody::audit {

struct EventContext {
    int16 index; // into tx.contexts
    ledger::Hash commitment;
};

/// That of the current command. `with_query`: with the hash of the query's text.
const EventContext *current_event_context(bool with_query);

/// Whether the verified tenant context, not expired, names an organization, and a user.
bool context_names_org();
bool context_names_user();

/// The bytes of tx.contexts behind what the buffer has.
void append_contexts(digest::RowBuffer *out);

/// The transaction is over.
void forget_contexts();

} // namespace custody::audit
