// One scan of one relation: every row under the active snapshot, as wire row, hashed, into its
// bucket. Plain C-style: everything lives in the current memory context.
#pragma once

#include "common/digest.hpp"
#include "extension/digest/value_plan.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// What to scan and how. `columns` and `key` are the names asked for, of the database's encoding.
struct ScanRequest {
    Oid relation;
    int column_count;
    char **columns; // in canonical order
    int key_count;
    char **key; // among the columns; none = the row hash picks the bucket
    wire::Form form;
    uint32 buckets;
    bool check_writers;
    int writer_count;
    TransactionId *writers; // the low halves of their xid8s; scan_relation() sorts them
};

struct ScanResult {
    uint64 rows;
    uint64 foreign_rows;
    uint32 buckets;
    Digest *digests;
};

/// Room for the digests of a number of buckets, all zero.
void init_result(ScanResult *result, uint32 buckets);

/// Raises wrong_object_type for what has no rows of its own.
void check_kind(Relation relation);

/// Raises insufficient_privilege without SELECT on the columns, or where row security is active
/// for the caller.
void check_may_read(Relation relation, const ScanRequest *request);

/// Raises serialization_failure for a relation that was truncated or rewritten after the active
/// snapshot was taken: its new storage looks empty under that snapshot.
void check_storage(Relation relation);

/// Adds the rows of an open relation to the result. Checks no privilege.
void scan_relation(Relation relation, const ScanRequest *request, ScanResult *result);

/// Position of a column by name; raises undefined_column, or feature_not_supported where it has no
/// stored value.
AttrNumber find_column(Relation relation, const char *name);

} // namespace custody::digest
