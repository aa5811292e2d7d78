// The notes of a block of kind 1: {"adopted": [["<incarnation>", "<xid>"], ...]}. Plain C-style;
// reads what this module writes and refuses everything else.
#pragma once

#include "extension/audit/seal.hpp"

namespace custody::audit {

struct AdoptionReader {
    ledger::Bytes rest;
    bool begun;
    bool good;         // false once something did not have its form
    ledger::Hash hash; // of the one read last, in full
};

/// Of a block's notes, which may be empty.
AdoptionReader read_notes(ledger::Bytes notes);
/// False at the end, and where the form is wrong.
bool next_adopted(AdoptionReader *reader, Adopted *one);

/// Appends one to notes that are being written; end_notes() closes them.
void write_adopted(StringInfo notes, const ledger::Hash *incarnation, uint64 xid);
void end_notes(StringInfo notes);

} // namespace custody::audit
