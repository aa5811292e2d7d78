// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/capture_table.hpp"

#include "extension/audit/capture_descriptor.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

HTAB *tables = nullptr;
HTAB *roots = nullptr;
CaptureTable *last = nullptr;
bool made_some = false; // in this transaction
uint64 transaction = 0; // how many there were

/// A change of a partitioned table is a change of its partitions.
struct Root {
    Oid relation;
    uint64 version;
};

HTAB *make_hash(const char *name, Size entry) {
    HASHCTL control = {};
    control.keysize = sizeof(Oid);
    control.entrysize = entry;
    return hash_create(name, 64, &control, HASH_ELEM | HASH_BLOBS);
}

void make_hashes() {
    if (tables == nullptr) {
        tables = make_hash("custody captured tables", sizeof(CaptureTable));
    }
    if (roots == nullptr) {
        roots = make_hash("custody captured roots", sizeof(Root));
    }
}

void forget_all() {
    HASH_SEQ_STATUS every;
    hash_seq_init(&every, tables);
    while (auto *entry = static_cast<CaptureTable *>(hash_seq_search(&every))) {
        entry->valid = entry->fresh = false;
    }
}

void forget(Datum, Oid relation) {
    if (tables == nullptr || roots == nullptr) {
        return;
    }
    if (!OidIsValid(relation)) {
        forget_all();
        return;
    }
    auto *entry = static_cast<CaptureTable *>(hash_search(tables, &relation, HASH_FIND, nullptr));
    if (entry != nullptr) {
        entry->valid = entry->fresh = false;
    }
    auto *root = static_cast<Root *>(hash_search(roots, &relation, HASH_FIND, nullptr));
    if (root != nullptr) {
        ++root->version;
    }
}

Root *root_of(Oid relation) {
    bool known;
    auto *root = static_cast<Root *>(hash_search(roots, &relation, HASH_ENTER, &known));
    if (!known) {
        root->version = 0;
    }
    return root;
}

bool is_current(const CaptureTable *table) {
    if (!table->valid) {
        return false;
    }
    if (unlikely(table->root != table->relation) &&
        root_of(table->root)->version != table->root_version) {
        return false;
    }
    if (unlikely(table->holds_row_types)) {
        for (int i = 0; i < table->column_count; ++i) {
            if (!digest::row_types_unchanged(&table->columns[i].plan)) {
                return false;
            }
        }
    }
    return true;
}

void make(CaptureTable *table, Relation relation, const char *identity) {
    if (table->context == nullptr) {
        table->context = AllocSetContextCreate(CacheMemoryContext, "custody captured table",
                                               ALLOCSET_SMALL_SIZES);
    }
    MemoryContextReset(table->context);
    table->root = partition_root(RelationGetRelid(relation));
    // Before anything is read: what changes meanwhile makes it stale.
    table->root_version = root_of(table->root)->version;
    table->made_in = transaction;
    table->fresh = made_some = true;
    if (!read_capture_table(table, relation, identity)) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  psprintf("rows of table \"%s\" do not fit its descriptor in the audit ledger",
                           RelationGetRelationName(relation)),
                  nullptr, "call custody.audit() for it again");
    }
    table->valid = table->fresh; // only now: an ERROR leaves half of it
}

} // namespace

// get_partition_ancestors() stops below where a partition is being detached.
Oid partition_root(Oid relation) {
    while (get_rel_relispartition(relation)) {
        relation = CUSTODY_PARTITION_PARENT(relation);
    }
    return relation;
}

CaptureTable *capture_table(Relation relation, const char *identity) {
    const Oid oid = RelationGetRelid(relation);
    if (likely(last != nullptr && last->relation == oid && is_current(last))) {
        return last;
    }
    make_hashes();
    bool known;
    auto *table = static_cast<CaptureTable *>(hash_search(tables, &oid, HASH_ENTER, &known));
    if (!known) {
        memset(table, 0, sizeof(*table));
        table->relation = oid;
    }
    for (int attempt = 0; !is_current(table) && attempt < 10; ++attempt) {
        table->valid = false;
        make(table, relation, identity);
    }
    last = table;
    return table;
}

void end_capture_tables(bool rolled_back, bool is_top) {
    if (made_some && rolled_back) {
        HASH_SEQ_STATUS every;
        hash_seq_init(&every, tables);
        while (auto *entry = static_cast<CaptureTable *>(hash_seq_search(&every))) {
            entry->valid = entry->valid && entry->made_in != transaction;
        }
    }
    made_some = made_some && !rolled_back && !is_top;
    transaction += is_top;
}

void watch_captured() { CacheRegisterRelcacheCallback(forget, Datum{0}); }

} // namespace custody::audit
