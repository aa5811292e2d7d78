#include "extension/audit/image_table.hpp"

#include "common/ledger_descriptor.hpp"

#include "extension/audit/owner_code.hpp"
#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/boundary.hpp"
#include "extension/pg/values.hpp"

namespace custody::audit {

namespace {

uint64 era = 1; // another number when a type may have changed
bool watching = false;

void on_type_change(Datum, int, uint32) { ++era; }
void on_relation_change(Datum, Oid) { ++era; }

void watch() {
    CacheRegisterSyscacheCallback(TYPEOID, on_type_change, Datum{0});
    CacheRegisterRelcacheCallback(on_relation_change, Datum{0});
    watching = true;
}

/// Plain C-style. A name that means nothing (any more) is no error.
Oid find_type(const char *name) {
    Oid type = InvalidOid;
    int32 typmod;
    parseTypeString(name, &type, &typmod, true);
    return type;
}

ImageTable *make_table(MemoryContext context, const ledger::Descriptor *parsed) {
    MemoryContext caller = MemoryContextSwitchTo(context);
    const int level = digest::pin_settings(); // names of types are those of pg_catalog's view
    auto *table = static_cast<ImageTable *>(palloc0(sizeof(ImageTable)));
    table->form = parsed->form;
    table->count = static_cast<int>(parsed->columns.size());
    table->columns =
        static_cast<ImageColumn *>(palloc0(sizeof(ImageColumn) * Max(table->count, 1)));
    for (int i = 0; i < table->count; ++i) {
        const ledger::DescriptorColumn &column = parsed->columns[static_cast<Size>(i)];
        table->columns[i].name = server_text(column.name.data(), column.name.size());
        table->columns[i].type = server_text(column.type.data(), column.type.size());
        table->columns[i].type_oid = find_type(table->columns[i].type);
    }
    table->key_count = static_cast<int>(parsed->key.size());
    table->key = static_cast<int *>(palloc(sizeof(int) * Max(table->key_count, 1)));
    std::copy(parsed->key.begin(), parsed->key.end(), table->key);
    digest::unpin_settings(level);
    MemoryContextSwitchTo(caller);
    return table;
}

struct varlena *detoasted(Datum value) {
    return PG_DETOAST_DATUM_PACKED(value);
}

bool is_cached(const ImageTableCache *cache, const char *text, Size length) {
    return cache->context != nullptr && cache->era == era && cache->length == length &&
           memcmp(cache->text, text, length) == 0;
}

/// Plain C-style: an empty context for another descriptor, with its text.
void begin_cache(ImageTableCache *cache, MemoryContext parent, const char *text, Size length) {
    if (cache->context != nullptr) {
        MemoryContext old = cache->context;
        cache->context = nullptr;
        MemoryContextDelete(old);
    }
    MemoryContext made = AllocSetContextCreate(parent, "custody descriptor", ALLOCSET_SMALL_SIZES);
    cache->table = nullptr;
    cache->text = static_cast<char *>(MemoryContextAlloc(made, length + 1));
    memcpy(cache->text, text, length);
    cache->length = length;
    cache->era = 0; // until it is whole
    cache->context = made;
}

ledger::Descriptor parse(std::string_view text) {
    try {
        return ledger::parse_descriptor(text);
    } catch (const ledger::DescriptorError &error) {
        throw pg::Error(ERRCODE_DATA_CORRUPTED, "invalid descriptor of the audit ledger")
            .detail(error.what());
    }
}

} // namespace

char *server_text(const char *text, Size length) {
    char *copy = pnstrdup(text, length);
    return GetDatabaseEncoding() == PG_SQL_ASCII
               ? copy
               : pg_any_to_server(copy, static_cast<int>(length), PG_UTF8);
}

std::string_view ledger_text(const char *text, Size length) {
    if (GetDatabaseEncoding() == PG_SQL_ASCII) {
        return {text, length};
    }
    const char *utf8 = pg_server_to_any(text, static_cast<int>(length), PG_UTF8);
    return {utf8, utf8 == text ? length : strlen(utf8)};
}

ImageTable *image_table(ImageTableCache *cache, MemoryContext parent, Datum descriptor) {
    if (!watching) {
        pg::call<watch>();
    }
    struct varlena *value = pg::call<detoasted>(descriptor);
    const char *text = VARDATA_ANY(value);
    const Size length = VARSIZE_ANY_EXHDR(value);
    if (is_cached(cache, text, length)) {
        return cache->table;
    }
    pg::call<begin_cache>(cache, parent, text, length);
    const uint64 began = era;
    const ledger::Descriptor parsed = parse(pg::call<ledger_text>(text, length));
    cache->table = pg::call<make_table>(cache->context, &parsed);
    cache->era = began;
    return cache->table;
}

void plan_column(ImageTable *table, ImageColumn *column, MemoryContext context) {
    if (!column->planned) {
        MemoryContext caller = MemoryContextSwitchTo(context);
        column->reader = owner_of_code(column->type_oid);
        plan_decoding(&column->decoder, column->type_oid, table->form);
        column->planned = true;
        MemoryContextSwitchTo(caller);
    }
}

} // namespace custody::audit
