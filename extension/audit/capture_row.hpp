// The bytes that the ledger keeps of a row: key, organization and images (docs/ledger-format.md,
// section 4). Plain C-style; the buffers belong to the backend and serve one row after the other.
#pragma once

#include "extension/audit/capture_table.hpp"
#include "extension/audit/transaction.hpp"
#include "extension/digest/row_buffer.hpp"

namespace custody::audit {

/// A deformed row.
struct RowValues {
    const Datum *values;
    const bool *nulls;
};

/// What was made of one side of a change. All as the ledger's columns hold them.
struct RowBytes {
    digest::RowBuffer key;
    digest::RowBuffer org;
    digest::RowBuffer image;
};

RowBytes *old_bytes();
RowBytes *new_bytes();

void encode_key(RowBytes *bytes, const CaptureTable *table, RowValues row);
void encode_org(RowBytes *bytes, const CaptureTable *table, RowValues row);
void encode_full(RowBytes *bytes, const CaptureTable *table, RowValues row,
                 const ledger::Salt &salt);

/// Key and organization of rows that have none, and an image of kind text.
void encode_note(RowBytes *bytes, const char *json);

struct Changes {
    int columns;
    bool of_key; // or of the organization
};

/// The images of what differs.
Changes encode_changes(RowBytes *before, RowBytes *after, const CaptureTable *table,
                       RowValues old_row, RowValues new_row, const ledger::Salt &salt);

/// What was encoded last, as a value of the ledger.
inline const Bytea *as_bytea(digest::RowBuffer *buffer) {
    auto *value = reinterpret_cast<Bytea *>(buffer->data);
    SET_VARSIZE(value, buffer->length);
    return value;
}

/// After each row: large rows leave no large buffers.
void release_row_bytes();

} // namespace custody::audit
