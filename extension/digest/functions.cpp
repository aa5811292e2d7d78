// The SQL functions of the digest room. Plain C-style: no local has a destructor, so the server's
// errors may jump over the bodies.
#include "extension/digest/pinned_settings.hpp"
#include "extension/digest/relation_scan.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

constexpr int kDigestBytes = 24;

void require(FunctionCallInfo fcinfo, int argument, const char *name) {
    if (fcinfo->args[argument].isnull) {
        pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, psprintf("argument \"%s\" is null", name));
    }
}

char **names_of(Datum array, const char *argument, int *count) {
    Datum *values;
    bool *nulls;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
                      count);
    char **names = static_cast<char **>(palloc(sizeof(char *) * Max(*count, 1)));
    for (int i = 0; i < *count; ++i) {
        if (nulls[i]) {
            pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED,
                      psprintf("argument \"%s\" holds a null", argument));
        }
        names[i] = TextDatumGetCString(values[i]);
    }
    return names;
}

wire::Form form_of(Datum argument) {
    const char *name = TextDatumGetCString(argument);
    if (strcmp(name, "binary") == 0) {
        return wire::Form::binary;
    }
    if (strcmp(name, "text") != 0) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("invalid form \"%s\"", name), nullptr,
                  "use \"binary\" or \"text\"");
    }
    return wire::Form::text;
}

void read_writers(Datum array, ScanRequest *request) {
    Datum *values;
    bool *nulls;
    deconstruct_array(DatumGetArrayTypeP(array), XID8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
                      &values, &nulls, &request->writer_count);
    request->check_writers = true;
    request->writers =
        static_cast<TransactionId *>(palloc(sizeof(TransactionId) * Max(request->writer_count, 1)));
    for (int i = 0; i < request->writer_count; ++i) {
        if (nulls[i]) {
            pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, "argument \"writers\" holds a null");
        }
        request->writers[i] = XidFromFullTransactionId(DatumGetFullTransactionId(values[i]));
    }
}

Datum bytes_of(const ScanResult *result) {
    const Size length = kDigestBytes * static_cast<Size>(result->buckets);
    auto *bytes = static_cast<bytea *>(palloc(VARHDRSZ + length));
    SET_VARSIZE(bytes, VARHDRSZ + length);
    for (uint32 i = 0; i < result->buckets; ++i) {
        write_digest(result->digests[i],
                     reinterpret_cast<std::byte *>(VARDATA(bytes)) + kDigestBytes * i);
    }
    return PointerGetDatum(bytes);
}

Datum make_record(FunctionCallInfo fcinfo, Datum *values) {
    TupleDesc row_type;
    if (get_call_result_type(fcinfo, nullptr, &row_type) != TYPEFUNC_COMPOSITE) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "function is called where it cannot return a row");
    }
    bool nulls[8] = {};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row_type), values, nulls));
}

/// A scan under the settings of its form.
void scan_pinned(Relation relation, const ScanRequest *request, ScanResult *result) {
    if (request->form == wire::Form::binary) {
        scan_relation(relation, request, result);
        return;
    }
    const int level = pin_settings();
    scan_relation(relation, request, result);
    unpin_settings(level);
}

wire::Form form_of_columns(Relation relation, char **columns, int count) {
    Oid *types = static_cast<Oid *>(palloc(sizeof(Oid) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        const AttrNumber attribute = find_column(relation, columns[i]);
        types[i] = TupleDescAttr(RelationGetDescr(relation), attribute - 1)->atttypid;
    }
    return form_of_types(types, count);
}

struct NamedColumn {
    char *name;
    const char *utf8;
};

int compare_names(const void *a, const void *b) {
    return strcmp(static_cast<const NamedColumn *>(a)->utf8,
                  static_cast<const NamedColumn *>(b)->utf8);
}

/// All columns that are not generated, in canonical order: bytewise by their names in UTF-8.
char **canonical_columns(Relation relation, int *count) {
    const TupleDesc row_type = RelationGetDescr(relation);
    auto *found = static_cast<NamedColumn *>(palloc(sizeof(NamedColumn) * (row_type->natts + 1)));
    *count = 0;
    for (int i = 0; i < row_type->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        if (attribute->attisdropped || attribute->attgenerated != '\0') {
            continue;
        }
        char *name = pstrdup(NameStr(attribute->attname));
        found[(*count)++] = {name, pg_server_to_any(name, static_cast<int>(strlen(name)), PG_UTF8)};
    }
    qsort(found, *count, sizeof(NamedColumn), compare_names);
    char **names = static_cast<char **>(palloc(sizeof(char *) * (*count + 1)));
    for (int i = 0; i < *count; ++i) {
        names[i] = found[i].name;
    }
    return names;
}

Datum text_array(char **texts, int count) {
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        values[i] = CStringGetTextDatum(texts[i]);
    }
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/// The partitions of a partitioned table, at every level; a plain table alone.
void scan_tree(Relation relation, const ScanRequest *request, ScanResult *result) {
    if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
        check_kind(relation);
        scan_pinned(relation, request, result);
        return;
    }
    List *all = find_all_inheritors(RelationGetRelid(relation), AccessShareLock, nullptr);
    ListCell *cell;
    foreach (cell, all) {
        Relation leaf = relation_open(lfirst_oid(cell), NoLock);
        if (leaf->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
            check_kind(leaf);
            scan_pinned(leaf, request, result);
        }
        relation_close(leaf, NoLock);
    }
}

} // namespace

CUSTODY_FUNCTION(custody_encoding_version) { PG_RETURN_INT32(kEncodingVersion); }

CUSTODY_FUNCTION(custody_wire_form) {
    int count;
    char **columns = names_of(PG_GETARG_DATUM(1), "columns", &count);
    Relation relation = relation_open(PG_GETARG_OID(0), AccessShareLock);
    const wire::Form form = form_of_columns(relation, columns, count);
    relation_close(relation, AccessShareLock);
    PG_RETURN_DATUM(CStringGetTextDatum(form == wire::Form::binary ? "binary" : "text"));
}

CUSTODY_FUNCTION(custody_migration_scan) {
    static const char *const kArguments[] = {"rel", "columns", "form", "key", "buckets"};
    for (int i = 0; i < 5; ++i) {
        require(fcinfo, i, kArguments[i]);
    }
    ScanRequest request = {};
    request.relation = PG_GETARG_OID(0);
    request.columns = names_of(PG_GETARG_DATUM(1), "columns", &request.column_count);
    request.form = form_of(PG_GETARG_DATUM(2));
    request.key = names_of(PG_GETARG_DATUM(3), "key", &request.key_count);
    request.buckets = static_cast<uint32>(PG_GETARG_INT32(4));
    if (!valid_bucket_count(request.buckets)) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE,
                  psprintf("invalid number of buckets: %d", PG_GETARG_INT32(4)), nullptr,
                  "use a power of two from 1 to 65536");
    }
    if (!PG_ARGISNULL(5)) {
        read_writers(PG_GETARG_DATUM(5), &request);
    }
    ScanResult result;
    init_result(&result, request.buckets);
    Relation relation = relation_open(request.relation, AccessShareLock);
    check_kind(relation);
    check_may_read(relation, &request);
    scan_pinned(relation, &request, &result);
    relation_close(relation, NoLock);
    Datum values[] = {UInt64GetDatum(result.rows), UInt64GetDatum(result.foreign_rows),
                      bytes_of(&result)};
    PG_RETURN_DATUM(make_record(fcinfo, values));
}

CUSTODY_FUNCTION(custody_table_digest) {
    ScanRequest request = {};
    request.relation = PG_GETARG_OID(0);
    request.buckets = 1;
    ScanResult result;
    init_result(&result, request.buckets);
    Relation relation = relation_open(request.relation, AccessShareLock);
    request.columns = canonical_columns(relation, &request.column_count);
    request.form = form_of_columns(relation, request.columns, request.column_count);
    check_may_read(relation, &request);
    scan_tree(relation, &request, &result);
    relation_close(relation, NoLock);
    const Hash128 sum = result.digests[0].sum;
    const char *hex = psprintf("%016llx%016llx", static_cast<unsigned long long>(sum >> 64),
                               static_cast<unsigned long long>(sum));
    Datum values[] = {UInt64GetDatum(result.rows), CStringGetTextDatum(hex),
                      CStringGetTextDatum(request.form == wire::Form::binary ? "binary" : "text"),
                      text_array(request.columns, request.column_count)};
    PG_RETURN_DATUM(make_record(fcinfo, values));
}

} // namespace custody::digest
