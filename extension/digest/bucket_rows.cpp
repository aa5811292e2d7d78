// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// bucket_rows: where the rows of some buckets are, with their keys as texts and their hashes.
#include "extension/digest/arguments.hpp"
#include "extension/digest/row_set.hpp"
#include "extension/digest/scan_tree.hpp"
#include "extension/digest/table_arguments.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

struct KeyColumn {
    int position; // among the columns of the digest
    FmgrInfo output;
};

struct BucketRows {
    Profile profile;
    uint32 buckets;
    bool *wanted;
    int key_count;
    KeyColumn *key; // in the order asked for
    RowSet set;
};

void read_wanted(Datum array, BucketRows *rows) {
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(array), INT4OID, 4, true, TYPALIGN_INT, &values, &nulls,
                      &count);
    rows->wanted = static_cast<bool *>(palloc0(sizeof(bool) * rows->buckets));
    for (int i = 0; i < count; ++i) {
        if (nulls[i]) {
            pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, "argument \"wanted\" holds a null");
        }
        const int32 bucket = DatumGetInt32(values[i]);
        if (bucket < 0 || static_cast<uint32>(bucket) >= rows->buckets) {
            pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("invalid bucket: %d", bucket),
                      psprintf("the buckets are 0 to %u", rows->buckets - 1));
        }
        rows->wanted[bucket] = true;
    }
}

void find_outputs(const TableArguments *table, BucketRows *rows) {
    const RowShape *shape = &table->shape;
    const RowType row_type = row_type_of(table->relation);
    rows->key_count = shape->key_count;
    rows->key = static_cast<KeyColumn *>(palloc0(sizeof(KeyColumn) * Max(shape->key_count, 1)));
    for (int i = 0; i < shape->key_count; ++i) {
        KeyColumn *column = rows->key + i;
        while (column->position < shape->column_count &&
               strcmp(shape->columns[column->position], shape->key[i]) != 0) {
            ++column->position;
        }
        const AttrNumber attribute = find_column(row_type, shape->key[i]);
        Oid output;
        bool is_varlena;
        getTypeOutputInfo(TupleDescAttr(row_type.columns, attribute - 1)->atttypid, &output,
                          &is_varlena);
        fmgr_info(output, &column->output);
    }
}

Datum key_texts(BucketRows *rows, const RowEncoder *encoder, const TupleTableSlot *slot) {
    auto *texts = static_cast<Datum *>(palloc(sizeof(Datum) * rows->key_count));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * rows->key_count));
    for (int i = 0; i < rows->key_count; ++i) {
        KeyColumn *column = rows->key + i;
        const int attribute = encoder->attributes[column->position] - 1;
        nulls[i] = slot->tts_isnull[attribute];
        if (!nulls[i]) {
            texts[i] = CStringGetTextDatum(
                OutputFunctionCall(&column->output, slot->tts_values[attribute]));
        }
    }
    int dimension = rows->key_count;
    int lower = 1;
    return PointerGetDatum(
        construct_md_array(texts, nulls, 1, &dimension, &lower, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum hash_bytes_of(Profile profile, const RowHash *hash) {
    const int words = profile == Profile::fast ? 2 : 4;
    auto *bytes = static_cast<bytea *>(palloc(VARHDRSZ + 8 * words));
    SET_VARSIZE(bytes, VARHDRSZ + 8 * words);
    for (int i = 0; i < words; ++i) {
        wire::put_big(reinterpret_cast<std::byte *>(VARDATA(bytes)) + 8 * i, hash->words[i]);
    }
    return PointerGetDatum(bytes);
}

void take_row(void *taker, RowEncoder *encoder, TupleTableSlot *slot) {
    auto *rows = static_cast<BucketRows *>(taker);
    const RowHash row_hash = encoded_row_hash(encoder);
    const RowHash key_hash = encoded_key_hash(encoder, &row_hash);
    const uint32 bucket = bucket_of(rows->profile, key_hash, rows->buckets);
    if (!rows->wanted[bucket]) {
        return;
    }
    const bool keyless = rows->key_count == 0;
    Datum values[] = {UInt32GetDatum(bucket),
                      keyless ? (Datum)0 : key_texts(rows, encoder, slot),
                      hash_bytes_of(rows->profile, &key_hash),
                      hash_bytes_of(rows->profile, &row_hash),
                      ObjectIdGetDatum(slot->tts_tableOid),
                      PointerGetDatum(&slot->tts_tid)};
    bool nulls[] = {false, keyless, false, false, false, false};
    put_row(&rows->set, values, nulls);
}

} // namespace

CUSTODY_FUNCTION(custody_bucket_rows) {
    require(fcinfo, 1, "buckets");
    require(fcinfo, 2, "wanted");
    BucketRows rows = {};
    rows.buckets = buckets_of(PG_GETARG_DATUM(1));
    read_wanted(PG_GETARG_DATUM(2), &rows);
    rows.set = make_row_set(fcinfo);
    const TableArguments table = open_table(fcinfo, 4, 3);
    rows.profile = table.shape.profile;
    find_outputs(&table, &rows);
    const TreeScan scan = {
        table.relation, &table.shape, ScanKind::bucket_rows, table.children, true, take_row, &rows};
    ScanProgress progress;
    scan_tree(&scan, &progress);
    end_progress(&progress);
    relation_close(table.relation, NoLock);
    return (Datum)0;
}

} // namespace custody::digest
