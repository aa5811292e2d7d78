// Plain C-style: whether what is scanned is what the snapshot saw. Locks and the current catalog
// say what a table is now; its rows are read as of the snapshot, which may be much older.
#include "extension/digest/relation_scan.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

int compare_oids(const void *a, const void *b) {
    const Oid x = *static_cast<const Oid *>(a);
    const Oid y = *static_cast<const Oid *>(b);
    return x < y ? -1 : static_cast<int>(x > y);
}

struct Members {
    int count;
    Oid *oids; // ascending
    bool *seen;
};

/// False for a child, as the snapshot sees it, that is none now.
bool see_children(Relation inheritance, Oid parent, const Members *members) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhparent, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(parent));
    SysScanDesc scan =
        systable_beginscan(inheritance, InheritsParentIndexId, true, GetActiveSnapshot(), 1, &key);
    bool all_known = true;
    while (HeapTuple found = systable_getnext(scan)) {
        const auto child = reinterpret_cast<Form_pg_inherits>(GETSTRUCT(found));
        if (CUSTODY_DETACH_PENDING(child)) {
            continue;
        }
        const auto *known = static_cast<const Oid *>(
            bsearch(&child->inhrelid, members->oids, members->count, sizeof(Oid), compare_oids));
        if (known == nullptr) {
            all_known = false;
            break;
        }
        members->seen[known - members->oids] = true;
    }
    systable_endscan(scan);
    return all_known;
}

bool same_members(Oid root, const List *list) {
    Members members;
    members.count = list_length(list);
    members.oids = static_cast<Oid *>(palloc(sizeof(Oid) * members.count));
    members.seen = static_cast<bool *>(palloc0(sizeof(bool) * members.count));
    int i = 0;
    ListCell *cell;
    foreach (cell, list) {
        members.oids[i++] = lfirst_oid(cell);
    }
    qsort(members.oids, members.count, sizeof(Oid), compare_oids);
    Relation inheritance = table_open(InheritsRelationId, AccessShareLock);
    bool same = true;
    for (i = 0; i < members.count && same; ++i) {
        same = see_children(inheritance, members.oids[i], &members);
        CHECK_FOR_INTERRUPTS();
    }
    table_close(inheritance, AccessShareLock);
    for (i = 0; i < members.count; ++i) {
        same = same && (members.seen[i] || members.oids[i] == root);
    }
    pfree(members.oids);
    pfree(members.seen);
    return same;
}

bool same_storage(Relation relation) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationGetRelid(relation)));
    Relation classes = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc scan =
        systable_beginscan(classes, ClassOidIndexId, true, GetActiveSnapshot(), 1, &key);
    HeapTuple found = systable_getnext(scan);
    const bool same =
        HeapTupleIsValid(found) && reinterpret_cast<Form_pg_class>(GETSTRUCT(found))->relfilenode ==
                                       relation->rd_rel->relfilenode;
    systable_endscan(scan);
    table_close(classes, AccessShareLock);
    return same;
}

constexpr char kTryAgain[] = "try again, in a new transaction unless this one is read committed";

} // namespace

void check_storage(Relation relation) {
    if (!same_storage(relation)) {
        pg::raise(ERRCODE_T_R_SERIALIZATION_FAILURE,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "it was created, truncated or rewritten after the snapshot was taken", kTryAgain);
    }
}

void check_members(Relation root, const List *members) {
    if (!same_members(RelationGetRelid(root), members)) {
        pg::raise(ERRCODE_T_R_SERIALIZATION_FAILURE,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(root)),
                  "partitions or children of it were attached, detached or dropped after the "
                  "snapshot was taken",
                  kTryAgain);
    }
}

} // namespace custody::digest
