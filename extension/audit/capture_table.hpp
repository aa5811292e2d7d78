// What capture knows of a table: its identity in the ledger, the descriptor its rows fit, and how
// each column is encoded. Found once in a session for each table and partition, and again when the
// server tells that the relation, or the table it is a partition of, has changed. Plain C-style.
#pragma once

#include "common/ledger_hash.hpp"

#include "extension/digest/value_plan.hpp"

namespace custody::audit {

enum class Store : uint8 { value, hash, redact };
enum class OrgForm : uint8 { none, uuid, int2, int4, int8, text };
enum class Truncated : uint8 { rows, event };

struct CaptureColumn {
    AttrNumber attribute;
    Store store;
    bool by_value;
    int16 length;
    const char *name;
    const char *type;
    digest::ValuePlan plan;
};

struct CaptureOptions {
    bool active;
    bool skip_unchanged;
    bool full_row;
    bool require_org;
    bool require_user;
    bool with_query;
    Truncated truncated;
    Size large_value;
};

struct CaptureTable {
    Oid relation; // the key
    bool valid;
    bool fresh;     // nothing has changed since what is below began to be read
    uint64 made_in; // a rollback may take away what was found
    Oid root;
    uint64 root_version;
    MemoryContext context; // of all below
    int32 tbl;
    CaptureOptions options;
    int32 descriptor;
    ledger::Hash descriptor_hash;
    bool text_form;
    bool pinned; // what is written of a row depends on settings of the session
    bool holds_row_types;
    int column_count;
    CaptureColumn *columns; // by position
    int key_count;
    int *key; // positions, in the key's order
    int org;  // position, or -1
    OrgForm org_form;
    digest::ValuePlan org_plan; // of OrgForm::text
};

/// The table that a partition belongs to until it is detached, at any level; else the relation.
Oid partition_root(Oid relation);

/// `identity`: the argument of the relation's trigger. Raises object_not_in_prerequisite_state
/// where the ledger does not know it. Valid until the next call, or the next change of a relation.
CaptureTable *capture_table(Relation relation, const char *identity);

/// A (sub)transaction ends: what it found may have gone with it.
void end_capture_tables(bool rolled_back, bool is_top);

/// Registers what tells of changed relations. Once, from _PG_init.
void watch_captured();

} // namespace custody::audit
