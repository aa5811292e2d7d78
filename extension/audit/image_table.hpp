// A descriptor (docs/ledger-format.md, section 3) with what its columns' types are in this database
// by now. Plain C-style results: they live in the memory context of the call site and are kept
// there (fn_extra) until a descriptor with another text, or a changed type, comes along.
#pragma once

#include "extension/audit/image_decoding.hpp"

namespace custody::audit {

struct ImageColumn {
    const char *name; // in the database's encoding
    const char *type; // as the descriptor has it
    Oid type_oid;     // InvalidOid: there is no such type (any more)
    bool planned;
    bool json_planned;
    Oid reader; // whose code may run when a value is read; InvalidOid: nobody's
    ValueDecoder decoder;
    FmgrInfo to_json;
};

struct ImageTable {
    wire::Form form;
    int count;
    ImageColumn *columns; // by position
    int key_count;
    int *key; // positions
};

/// What is cached at a call site, for one descriptor.
struct ImageTableCache {
    MemoryContext context; // of all below; nullptr: empty
    uint64 era;
    char *text;
    Size length;
    ImageTable *table;
};

/// Text in UTF-8, as wire rows have it, in the database's encoding. Plain C-style.
char *server_text(const char *text, Size length);

/// A text of the database in the ledger's encoding: UTF-8, or as it is where the database has no
/// encoding (SQL_ASCII). May be the text itself. Plain C-style.
std::string_view ledger_text(const char *text, Size length);

/// Guarded; throws pg::Error (data_corrupted) for a text that is no descriptor. `parent` owns what
/// is cached; the result is valid until the next call with the cache.
ImageTable *image_table(ImageTableCache *cache, MemoryContext parent, Datum descriptor);

/// Fills the column's decoder once. Plain C-style.
void plan_column(ImageTable *table, ImageColumn *column, MemoryContext context);

} // namespace custody::audit
