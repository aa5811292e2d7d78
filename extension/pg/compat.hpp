// Every difference between PostgreSQL 13 and 18 that the extension meets: no other file looks at
// PG_VERSION_NUM (postgres.hpp does once, to include a header that others lack).
// Included by postgres.hpp only. Compiled and tested with 15; the others are written for.
#pragma once

#if PG_VERSION_NUM < 130000 || PG_VERSION_NUM >= 190000
#error "custody is written for PostgreSQL 13 to 18"
#endif

// Empty before 16, so that -fvisibility=hidden would export nothing, not even the magic block.
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

// Multiranges came with 14. Before, no type has the kind, but code that asks for it compiles.
#if PG_VERSION_NUM >= 140000
#define CUSTODY_HAS_MULTIRANGES 1
#else
#define CUSTODY_HAS_MULTIRANGES 0
#define TYPTYPE_MULTIRANGE 'm'
#endif

// DETACH CONCURRENTLY came with 14: a partition that is being detached still has its row.
#if PG_VERSION_NUM >= 140000
#define CUSTODY_DETACH_PENDING(form) ((form)->inhdetachpending)
#define CUSTODY_PARTITION_PARENT(relation) get_partition_parent(relation, true)
#else
#define CUSTODY_DETACH_PENDING(form) false
#define CUSTODY_PARTITION_PARENT(relation) get_partition_parent(relation)
#endif

// What a setting's check hook gives to the server as `extra` is freed with free() before 16, and
// belongs to a memory context since.
#if PG_VERSION_NUM >= 160000
static inline void *custody_guc_malloc(std::size_t size) { return guc_malloc(LOG, size); }
#else
static inline void *custody_guc_malloc(std::size_t size) { return malloc(size); }
#endif

// What firing triggers opened is closed by another function since 14.
#if PG_VERSION_NUM >= 140000
static inline void custody_close_trigger_relations(EState *state) {
    ExecCloseResultRelations(state);
}
#else
static inline void custody_close_trigger_relations(EState *state) {
    ExecCleanUpTriggerState(state);
}
#endif

// Before 15 a prefix could not be reserved: the server only warned of what was set under it.
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

// Until 17 the executor was told whether it would be called once only.
#if PG_VERSION_NUM >= 180000
#define CUSTODY_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define CUSTODY_RUN_ARGUMENTS query, direction, count
#else
#define CUSTODY_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define CUSTODY_RUN_ARGUMENTS query, direction, count, once
#endif

// 18 lets a module say its name and version, shown by pg_get_loaded_modules().
#if PG_VERSION_NUM >= 180000
#define CUSTODY_MODULE_MAGIC(module, number)                                                       \
    extern "C" {                                                                                   \
    PG_MODULE_MAGIC_EXT(.name = module, .version = number);                                        \
    }
#else
#define CUSTODY_MODULE_MAGIC(module, number)                                                       \
    extern "C" {                                                                                   \
    PG_MODULE_MAGIC;                                                                               \
    }
#endif

// From 16 on, the role as which a query reads a relation is not in its range table itself. A child
// or partition that the query came to from its parent needs no privilege: it is not named itself.
// There is one function for the privileges on all kinds of objects.
#if PG_VERSION_NUM >= 160000
static inline Oid custody_reading_role(const EState *query, const RangeTblEntry *entry) {
    return entry->perminfoindex == 0
               ? InvalidOid
               : getRTEPermissionInfo(query->es_rteperminfos, const_cast<RangeTblEntry *>(entry))
                     ->checkAsUser;
}
static inline bool custody_is_named_itself(const RangeTblEntry *entry) {
    return entry->perminfoindex != 0;
}
static inline bool custody_may_use_schema(Oid schema, Oid role) {
    return object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK;
}
#else
static inline Oid custody_reading_role(const EState *, const RangeTblEntry *entry) {
    return entry->checkAsUser;
}
static inline bool custody_is_named_itself(const RangeTblEntry *entry) {
    return entry->requiredPerms != 0;
}
static inline bool custody_may_use_schema(Oid schema, Oid role) {
    return pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK;
}
#endif

// Before 16 the recursing form of a command on columns was a command of its own.
static inline bool custody_alters_columns(AlterTableType type) {
#if PG_VERSION_NUM < 160000
    if (type == AT_AddColumnRecurse || type == AT_DropColumnRecurse) {
        return true;
    }
#endif
    return type == AT_AddColumn || type == AT_DropColumn || type == AT_AlterColumnType;
}

// Before 14 a function's number had the name of its C function, which the casts of one type share.
#if PG_VERSION_NUM < 140000
#define F_INT8_INT4 F_INT48
#define F_INT4_INT8 F_INT84
#define F_INT8_INT2 F_INT28
#define F_INT2_INT8 F_INT82
#endif

// The walkers' callbacks had no parameter types before 16, which means none in C++; since then
// macros cast what they are given.
#if PG_VERSION_NUM >= 160000
static inline Node *custody_mutate(Node *node, Node *(*mutator)(Node *, void *), void *context) {
    return expression_tree_mutator_impl(node, mutator, context);
}
static inline bool custody_walk(Node *node, bool (*walker)(Node *, void *), void *context) {
    return expression_tree_walker_impl(node, walker, context);
}
static inline bool custody_walk_query(Query *query, bool (*walker)(Node *, void *), void *context,
                                      int flags) {
    return query_tree_walker_impl(query, walker, context, flags);
}
static inline bool custody_walk_raw(Node *node, bool (*walker)(Node *, void *), void *context) {
    return raw_expression_tree_walker_impl(node, walker, context);
}
#else
static inline Node *custody_mutate(Node *node, Node *(*mutator)(Node *, void *), void *context) {
    return expression_tree_mutator(node, reinterpret_cast<Node *(*)()>(mutator), context);
}
static inline bool custody_walk(Node *node, bool (*walker)(Node *, void *), void *context) {
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(walker), context);
}
static inline bool custody_walk_query(Query *query, bool (*walker)(Node *, void *), void *context,
                                      int flags) {
    return query_tree_walker(query, reinterpret_cast<bool (*)()>(walker), context, flags);
}
static inline bool custody_walk_raw(Node *node, bool (*walker)(Node *, void *), void *context) {
    return raw_expression_tree_walker(node, reinterpret_cast<bool (*)()>(walker), context);
}
#endif

// From 16 on, membership does not say by itself that one may SET ROLE.
#if PG_VERSION_NUM >= 160000
static inline bool custody_may_set_role(Oid member, Oid role) {
    return member_can_set_role(member, role);
}
#else
static inline bool custody_may_set_role(Oid member, Oid role) {
    return is_member_of_role(member, role);
}
#endif

// A query that names relation 1 as `role` with these privileges, as the parser would have made it.
#if PG_VERSION_NUM >= 160000
static inline void custody_set_privileges(Query *query, RangeTblEntry *entry, AclMode needed,
                                          Oid role) {
    RTEPermissionInfo *info = addRTEPermissionInfo(&query->rteperminfos, entry);
    info->requiredPerms = needed;
    info->checkAsUser = role;
}
#else
static inline void custody_set_privileges(Query *, RangeTblEntry *entry, AclMode needed, Oid role) {
    entry->requiredPerms = needed;
    entry->checkAsUser = role;
}
#endif

// The timeline that this server writes: a variable before 15, a function since.
#if PG_VERSION_NUM >= 150000
static inline TimeLineID custody_writing_timeline() { return GetWALInsertionTimeLine(); }
#else
static inline TimeLineID custody_writing_timeline() { return ThisTimeLineID; }
#endif

// Before 14 an index was not told whether an UPDATE changed its columns, and a relation's
// partitions always were those without one that is being detached.
#if PG_VERSION_NUM >= 140000
static inline bool custody_index_insert(Relation index, Datum *values, bool *nulls, ItemPointer row,
                                        Relation heap, IndexInfo *info) {
    return index_insert(index, values, nulls, row, heap, UNIQUE_CHECK_NO, false, info);
}
static inline PartitionDesc custody_partitions(Relation parent) {
    return RelationGetPartitionDesc(parent, true);
}
#else
static inline bool custody_index_insert(Relation index, Datum *values, bool *nulls, ItemPointer row,
                                        Relation heap, IndexInfo *info) {
    return index_insert(index, values, nulls, row, heap, UNIQUE_CHECK_NO, info);
}
static inline PartitionDesc custody_partitions(Relation parent) {
    return RelationGetPartitionDesc(parent);
}
#endif

// What a sort of datums gives: a copy, which the caller frees. From 16 on it is asked for.
#if PG_VERSION_NUM >= 160000
static inline bool custody_next_sorted(Tuplesortstate *sort, Datum *value) {
    bool is_null;
    return tuplesort_getdatum(sort, true, true, value, &is_null, nullptr);
}
#else
static inline bool custody_next_sorted(Tuplesortstate *sort, Datum *value) {
    bool is_null;
    return tuplesort_getdatum(sort, true, value, &is_null, nullptr);
}
#endif

// MERGE came with 15.
#if PG_VERSION_NUM >= 150000
static inline bool custody_merge_inserts(const ModifyTable *node) {
    ListCell *lists;
    ListCell *cell;
    foreach (lists, node->mergeActionLists) {
        foreach (cell, static_cast<List *>(lfirst(lists))) {
            if (lfirst_node(MergeAction, cell)->commandType == CMD_INSERT) {
                return true;
            }
        }
    }
    return false;
}
#else
static inline bool custody_merge_inserts(const ModifyTable *) { return false; }
#endif

// From 17 on summaries of block ranges are read without a snapshot.
#if PG_VERSION_NUM >= 170000
static inline BrinRevmap *custody_range_map(Relation index, BlockNumber *pages, Snapshot) {
    return brinRevmapInitialize(index, pages);
}
static inline BrinTuple *custody_range_summary(BrinRevmap *map, BlockNumber block, Buffer *buffer,
                                               OffsetNumber *place, Size *size, Snapshot) {
    return brinGetTupleForHeapBlock(map, block, buffer, place, size, BUFFER_LOCK_SHARE);
}
#else
static inline BrinRevmap *custody_range_map(Relation index, BlockNumber *pages, Snapshot snapshot) {
    return brinRevmapInitialize(index, pages, snapshot);
}
static inline BrinTuple *custody_range_summary(BrinRevmap *map, BlockNumber block, Buffer *buffer,
                                               OffsetNumber *place, Size *size, Snapshot snapshot) {
    return brinGetTupleForHeapBlock(map, block, buffer, place, size, BUFFER_LOCK_SHARE, snapshot);
}
#endif

// From 18 on whoever scans an index says where searches are counted.
#if PG_VERSION_NUM >= 180000
static inline IndexScanDesc custody_begin_index_scan(Relation table, Relation index,
                                                     Snapshot snapshot) {
    return index_beginscan(table, index, snapshot, nullptr, 0, 0);
}
#else
static inline IndexScanDesc custody_begin_index_scan(Relation table, Relation index,
                                                     Snapshot snapshot) {
    return index_beginscan(table, index, snapshot, 0, 0);
}
#endif
