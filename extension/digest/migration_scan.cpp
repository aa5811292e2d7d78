// The SQL functions that a migration calls. Plain C-style: no local has a destructor, so the
// server's errors may jump over the bodies.
#include "extension/digest/arguments.hpp"
#include "extension/digest/columns.hpp"
#include "extension/digest/scan_tree.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

constexpr int kDigestBytes = 24;

/// Sums rows into buckets, and counts those that others wrote.
struct MigrationScan {
    uint64 rows;
    uint64 foreign_rows;
    uint32 buckets;
    Digest *digests;
    bool check_writers;
    int writer_count;
    TransactionId *writers; // the low halves of their xid8s, sorted
};

int compare_xids(const void *a, const void *b) {
    const TransactionId x = *static_cast<const TransactionId *>(a);
    const TransactionId y = *static_cast<const TransactionId *>(b);
    return x < y ? -1 : static_cast<int>(x > y);
}

void read_writers(Datum array, MigrationScan *scan) {
    Datum *values;
    bool *nulls;
    deconstruct_array(DatumGetArrayTypeP(array), XID8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
                      &values, &nulls, &scan->writer_count);
    scan->check_writers = true;
    scan->writers =
        static_cast<TransactionId *>(palloc(sizeof(TransactionId) * Max(scan->writer_count, 1)));
    for (int i = 0; i < scan->writer_count; ++i) {
        if (nulls[i]) {
            pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, "argument \"writers\" holds a null");
        }
        scan->writers[i] = XidFromFullTransactionId(DatumGetFullTransactionId(values[i]));
    }
    qsort(scan->writers, scan->writer_count, sizeof(TransactionId), compare_xids);
}

/// Who wrote a row is in its xmin, which not every access method keeps.
void check_keeps_writers(Relation relation) {
    const TupleTableSlotOps *slots = table_slot_callbacks(relation);
    if (slots == &TTSOpsVirtual || slots == &TTSOpsMinimalTuple) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  psprintf("cannot tell who wrote the rows of relation \"%s\"",
                           RelationGetRelationName(relation)),
                  psprintf("its access method \"%s\" does not keep it",
                           get_am_name(relation->rd_rel->relam)));
    }
}

bool written_by_another(const MigrationScan *scan, TupleTableSlot *slot) {
    bool null;
    const TransactionId xmin =
        DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &null));
    return null || bsearch(&xmin, scan->writers, scan->writer_count, sizeof(TransactionId),
                           compare_xids) == nullptr;
}

Hash128 hash_of(const RowBuffer *bytes) { return hash_bytes({bytes->data, bytes->length}); }

void take_row(void *taker, RowEncoder *encoder, TupleTableSlot *slot) {
    auto *scan = static_cast<MigrationScan *>(taker);
    const Hash128 row_hash = hash_of(&encoder->row);
    Hash128 key_hash = row_hash;
    if (encoder->key_count > 0 && scan->buckets > 1) { // into one bucket every row goes
        encode_key(encoder);
        key_hash = hash_of(&encoder->key_row);
    }
    scan->digests[static_cast<uint32>(key_hash) & (scan->buckets - 1)].add(row_hash);
    ++scan->rows;
    if (scan->check_writers && written_by_another(scan, slot)) {
        ++scan->foreign_rows;
    }
}

/// Room for the digests of a number of buckets, all zero.
Digest *make_digests(uint32 buckets) {
    // palloc aligns to 8 bytes, 128-bit integers want 16.
    char *room = static_cast<char *>(palloc0(sizeof(Digest) * buckets + alignof(Digest)));
    return reinterpret_cast<Digest *>(TYPEALIGN(alignof(Digest), room));
}

Datum bytes_of(const MigrationScan *result) {
    const Size length = kDigestBytes * static_cast<Size>(result->buckets);
    auto *bytes = static_cast<bytea *>(palloc(VARHDRSZ + length));
    SET_VARSIZE(bytes, VARHDRSZ + length);
    for (uint32 i = 0; i < result->buckets; ++i) {
        write_digest(result->digests[i],
                     reinterpret_cast<std::byte *>(VARDATA(bytes)) + kDigestBytes * i);
    }
    return PointerGetDatum(bytes);
}

/// One table, which has rows of its own.
void scan_table(Relation relation, const RowShape *shape, MigrationScan *result) {
    check_kind(relation);
    check_may_read(relation, shape);
    if (result->check_writers) {
        check_keeps_writers(relation);
    }
    const TreeScan scan = {relation, shape, ScanKind::migration_scan, false, false,
                           take_row, result};
    ScanProgress progress;
    scan_tree(&scan, &progress);
    end_progress(&progress);
}

} // namespace

CUSTODY_FUNCTION(custody_encoding_version) { PG_RETURN_INT32(kEncodingVersion); }

CUSTODY_FUNCTION(custody_wire_form) {
    int count;
    char **columns = names_of(PG_GETARG_DATUM(1), "columns", &count);
    Relation relation = open_relation(PG_GETARG_OID(0));
    const wire::Form form = form_of_columns(row_type_of(relation), Profile::fast, columns, count);
    relation_close(relation, AccessShareLock);
    PG_RETURN_DATUM(CStringGetTextDatum(form == wire::Form::binary ? "binary" : "text"));
}

CUSTODY_FUNCTION(custody_migration_scan) {
    static const char *const kArguments[] = {"rel", "columns", "form", "key", "buckets"};
    for (int i = 0; i < 5; ++i) {
        require(fcinfo, i, kArguments[i]);
    }
    RowShape shape = {};
    shape.columns = names_of(PG_GETARG_DATUM(1), "columns", &shape.column_count);
    shape.form = form_of(PG_GETARG_DATUM(2));
    shape.key = names_of(PG_GETARG_DATUM(3), "key", &shape.key_count);
    MigrationScan result = {};
    result.buckets = buckets_of(PG_GETARG_DATUM(4));
    result.digests = make_digests(result.buckets);
    if (!PG_ARGISNULL(5)) {
        read_writers(PG_GETARG_DATUM(5), &result);
    }
    Relation relation = open_relation(PG_GETARG_OID(0));
    scan_table(relation, &shape, &result);
    relation_close(relation, NoLock);
    Datum values[] = {UInt64GetDatum(result.rows), UInt64GetDatum(result.foreign_rows),
                      bytes_of(&result)};
    PG_RETURN_DATUM(make_record(fcinfo, values));
}

} // namespace custody::digest
