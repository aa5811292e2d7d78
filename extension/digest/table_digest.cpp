// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// table_digest and table_buckets. What adds up is added as the rows come; for the evidence profile
// their hashes are sorted, and each bucket's list of them hashed.
#include "common/evidence.hpp"
#include "extension/digest/arguments.hpp"
#include "extension/digest/digest_datum.hpp"
#include "extension/digest/hash_sorter.hpp"
#include "extension/digest/row_set.hpp"
#include "extension/digest/scan_tree.hpp"
#include "extension/digest/table_arguments.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

struct Buckets {
    Profile profile;
    uint32 count;
    bool by_row; // the row hash picks the bucket
    DigestValue *digests;
    HashSorter *sorter; // of the evidence profile only
};

void take_row(void *taker, RowEncoder *encoder, TupleTableSlot *) {
    auto *buckets = static_cast<Buckets *>(taker);
    const RowHash row_hash = encoded_row_hash(encoder);
    const RowHash key_hash = buckets->by_row ? row_hash : encoded_key_hash(encoder, &row_hash);
    const uint32 bucket = bucket_of(buckets->profile, key_hash, buckets->count);
    if (buckets->sorter == nullptr) {
        buckets->digests[bucket].add(row_hash);
    } else {
        add_hash(buckets->sorter, bucket, &row_hash);
    }
}

void list_bucket(Buckets *buckets, uint32 bucket, HashList *list) {
    DigestValue *digest = buckets->digests + bucket;
    digest->rows = list->rows();
    digest->sum = list->value().words;
}

/// The hash of each bucket's sorted list as its sum; an empty bucket has an empty list.
void list_buckets(Buckets *buckets) {
    auto *list = static_cast<HashList *>(palloc(sizeof(HashList)));
    uint32 listed = 0; // the bucket that the list is of
    new (list) HashList();
    uint32 bucket;
    RowHash row_hash;
    while (next_hash(buckets->sorter, &bucket, &row_hash)) {
        for (; listed < bucket; ++listed) {
            list_bucket(buckets, listed, list);
            new (list) HashList();
        }
        list->add(row_hash);
        CHECK_FOR_INTERRUPTS();
    }
    for (; listed < buckets->count; ++listed) {
        list_bucket(buckets, listed, list);
        new (list) HashList();
    }
    pfree(list);
}

void scan_table(const TableArguments *table, ScanKind kind, Buckets *buckets) {
    const DigestValue none = describe(&table->shape, false);
    buckets->profile = table->shape.profile;
    buckets->by_row = table->shape.key_count == 0 || buckets->count == 1;
    buckets->digests = static_cast<DigestValue *>(palloc(sizeof(DigestValue) * buckets->count));
    for (uint32 i = 0; i < buckets->count; ++i) {
        buckets->digests[i] = none;
    }
    if (buckets->profile == Profile::evidence) {
        buckets->sorter = make_sorter(buckets->count, Size{1024} * work_mem);
    }
    const TreeScan scan = {table->relation, &table->shape, kind,   table->children,
                           false,           take_row,      buckets};
    ScanProgress progress;
    scan_tree(&scan, &progress);
    if (buckets->sorter != nullptr) {
        report_sorting(&progress);
        sort_hashes(buckets->sorter);
        list_buckets(buckets);
        end_sorter(buckets->sorter);
    }
    end_progress(&progress);
}

/// The root over the buckets, whose sums are the hashes of their lists.
DigestValue evidence_of(const Buckets *buckets) {
    DigestValue whole = buckets->digests[0];
    whole.rows = 0;
    auto *leaves = static_cast<RowHash *>(palloc(sizeof(RowHash) * buckets->count));
    for (uint32 i = 0; i < buckets->count; ++i) {
        const DigestValue *digest = buckets->digests + i;
        leaves[i] = evidence_leaf(i, digest->rows, RowHash{digest->sum});
        whole.rows += digest->rows;
    }
    whole.sum = evidence_root({leaves, buckets->count}).words;
    pfree(leaves);
    return whole;
}

} // namespace

CUSTODY_FUNCTION(custody_table_digest) {
    const TableArguments table = open_table(fcinfo, 1, -1);
    const bool evidence = table.shape.profile == Profile::evidence;
    Buckets buckets = {};
    buckets.count = evidence ? kEvidenceBuckets : 1;
    scan_table(&table, ScanKind::table_digest, &buckets);
    relation_close(table.relation, NoLock);
    PG_RETURN_DATUM(digest_datum(evidence ? evidence_of(&buckets) : buckets.digests[0]));
}

CUSTODY_FUNCTION(custody_table_buckets) {
    require(fcinfo, 1, "buckets");
    Buckets buckets = {};
    buckets.count = buckets_of(PG_GETARG_DATUM(1));
    const RowSet set = make_row_set(fcinfo);
    const TableArguments table = open_table(fcinfo, 3, 2);
    scan_table(&table, ScanKind::table_buckets, &buckets);
    relation_close(table.relation, NoLock);
    for (uint32 i = 0; i < buckets.count; ++i) {
        Datum values[] = {UInt32GetDatum(i), PointerGetDatum(buckets.digests + i)};
        bool nulls[] = {false, false};
        put_row(&set, values, nulls);
    }
    return (Datum)0;
}

} // namespace custody::digest
