// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/ledger_relation.hpp"

#include "extension/audit/ledger_partition.hpp"
#include "extension/audit/transaction_memory.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr int kMostColumns = 24;

struct Index {
    Oid oid;
    Relation relation; // while the target is open
    IndexInfo *info;
    bool simple;       // columns of the table only
    int32 longest_key; // rows whose key is longer have no entry
    bool by_block;     // of ranges of blocks
    BlockNumber block; // that it has the transaction's values of already
};

/// What was found out of a partition's indexes serves later transactions, too.
struct Target {
    Relation relation; // while it is open
    Oid known;         // whose indexes these are
    MemoryContext memory;
    int index_count;
    Index *index; // in memory
};

Target targets[2];
Oid octet_length = InvalidOid;
uint64 changes = 0; // of relations
bool opening = false;
EState *executor = nullptr; // for indexes that are not simple

constexpr AttrNumber kKeyColumn = 15; // of event
constexpr Oid kInt4LessOrEqual = 523;

const char *const kNames[] = {"event", "tx"};
constexpr int kColumns[] = {19, 8};

/// What the ledger's own index over keys says of its rows: octet_length(key) <= limit. A key may be
/// too long for an index, and no change may fail for that.
bool is_limit_of_key(const IndexInfo *info, int32 *limit) {
    if (list_length(info->ii_Predicate) != 1 || !IsA(linitial(info->ii_Predicate), OpExpr)) {
        return false;
    }
    const auto *test = static_cast<OpExpr *>(linitial(info->ii_Predicate));
    const auto *left = static_cast<Node *>(linitial(test->args));
    const auto *right = static_cast<Node *>(lsecond(test->args));
    if (test->opno != kInt4LessOrEqual || !IsA(left, FuncExpr) || !IsA(right, Const)) {
        return false;
    }
    if (octet_length == InvalidOid) {
        octet_length = fmgr_internal_function("byteaoctetlen");
    }
    const auto *length = reinterpret_cast<const FuncExpr *>(left);
    const auto *number = reinterpret_cast<const Const *>(right);
    if (length->funcid != octet_length || number->constisnull ||
        !IsA(linitial(length->args), Var) ||
        static_cast<Var *>(linitial(length->args))->varattno != kKeyColumn) {
        return false;
    }
    *limit = DatumGetInt32(number->constvalue);
    return true;
}

void add_index(Target *target, Oid oid) {
    Relation relation = index_open(oid, RowExclusiveLock);
    IndexInfo *info = BuildIndexInfo(relation);
    if (info->ii_ReadyForInserts) {
        Index *index = &target->index[target->index_count++];
        *index = {};
        index->oid = oid;
        index->info = info;
        index->by_block = relation->rd_rel->relam == BRIN_AM_OID;
        index->longest_key = PG_INT32_MAX;
        index->simple = info->ii_Expressions == NIL &&
                        (info->ii_Predicate == NIL ||
                         (target == &targets[0] && is_limit_of_key(info, &index->longest_key)));
    }
    index_close(relation, NoLock);
}

void forget_indexes(Datum, Oid relation) {
    ++changes;
    for (Target &target : targets) {
        bool is_ours = relation == InvalidOid || relation == target.known;
        for (int i = 0; i < target.index_count && !is_ours; ++i) {
            is_ours = relation == target.index[i].oid;
        }
        if (is_ours) {
            target.known = InvalidOid;
        }
    }
}

/// Known only at the end, and only where nothing has changed meanwhile.
void find_indexes(Target *target, int columns) {
    if (target->memory == nullptr) {
        target->memory =
            AllocSetContextCreate(TopMemoryContext, "custody ledger indexes", ALLOCSET_SMALL_SIZES);
    }
    target->known = InvalidOid;
    target->index_count = 0;
    MemoryContextReset(target->memory);
    MemoryContext caller = MemoryContextSwitchTo(target->memory);
    const uint64 before = changes;
    if (RelationGetDescr(target->relation)->natts != columns) {
        pg::raise(
            ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            psprintf("table \"%s\" of the audit ledger has other columns than it was made with",
                     RelationGetRelationName(target->relation)));
    }
    List *indexes = RelationGetIndexList(target->relation);
    target->index =
        static_cast<Index *>(palloc(sizeof(Index) * static_cast<Size>(list_length(indexes) + 1)));
    ListCell *cell;
    foreach (cell, indexes) {
        add_index(target, lfirst_oid(cell));
    }
    list_free(indexes);
    MemoryContextSwitchTo(caller);
    if (changes == before) {
        target->known = RelationGetRelid(target->relation);
    }
}

void open_index(Index *index) {
    ResourceOwner caller = CurrentResourceOwner;
    CurrentResourceOwner = TopTransactionResourceOwner;
    index->relation = index_open(index->oid, RowExclusiveLock);
    CurrentResourceOwner = caller;
    // What an index keeps here belonged to the transaction before.
    index->info->ii_AmCache = nullptr;
    index->info->ii_ExpressionsState = NIL;
    index->info->ii_Context = transaction_memory();
    index->block = InvalidBlockNumber;
}

void open_target(LedgerTable table, TimestampTz at) {
    const int number = static_cast<int>(table);
    Target *target = &targets[number];
    opening = true;
    target->relation = open_ledger_partition(kNames[number], at);
    if (target->known != RelationGetRelid(target->relation)) {
        find_indexes(target, kColumns[number]);
    }
    for (int i = 0; i < target->index_count; ++i) {
        open_index(&target->index[i]);
    }
    opening = false;
}

void close_target(Target *target) {
    ResourceOwner caller = CurrentResourceOwner;
    CurrentResourceOwner = TopTransactionResourceOwner;
    for (int i = 0; i < target->index_count; ++i) {
        if (target->index[i].relation != nullptr) {
            index_close(target->index[i].relation, NoLock);
            target->index[i].relation = nullptr;
        }
    }
    if (target->relation != nullptr) {
        table_close(target->relation, NoLock);
        target->relation = nullptr;
    }
    CurrentResourceOwner = caller;
}

bool is_new(Relation relation) {
    return relation != nullptr && relation->rd_createSubid != InvalidSubTransactionId;
}

/// An index that somebody added to the ledger's: by the executor.
void insert_by_executor(Target *target, Index *index, HeapTuple row) {
    if (executor == nullptr) {
        MemoryContext caller = MemoryContextSwitchTo(transaction_memory());
        executor = CreateExecutorState();
        MemoryContextSwitchTo(caller);
    }
    TupleTableSlot *slot =
        MakeSingleTupleTableSlot(RelationGetDescr(target->relation), &TTSOpsHeapTuple);
    ExecStoreHeapTuple(row, slot, false);
    slot->tts_tid = row->t_self;
    ExprContext *context = GetPerTupleExprContext(executor);
    context->ecxt_scantuple = slot;
    ExprState *predicate = ExecPrepareQual(index->info->ii_Predicate, executor);
    if (ExecQual(predicate, context)) {
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        FormIndexDatum(index->info, slot, executor, values, nulls);
        (void)custody_index_insert(index->relation, values, nulls, &row->t_self, target->relation,
                                   index->info);
    }
    ResetPerTupleExprContext(executor);
    ExecDropSingleTupleTableSlot(slot);
}

void insert_index_entry(Target *target, Index *index, HeapTuple row, Datum *values, bool *nulls) {
    // What an index of block ranges has of the ledger's rows, time and transaction, is the same in
    // all of a transaction's: once for each block is enough.
    const BlockNumber block = ItemPointerGetBlockNumber(&row->t_self);
    if (index->by_block && index->block == block) {
        return;
    }
    if (!index->simple) {
        insert_by_executor(target, index, row);
        return;
    }
    if (index->longest_key != PG_INT32_MAX &&
        VARSIZE_ANY_EXHDR(DatumGetPointer(values[kKeyColumn - 1])) >
            static_cast<Size>(index->longest_key)) {
        return;
    }
    Datum keys[INDEX_MAX_KEYS];
    bool key_nulls[INDEX_MAX_KEYS];
    for (int i = 0; i < index->info->ii_NumIndexAttrs; ++i) {
        const int column = index->info->ii_IndexAttrNumbers[i] - 1;
        keys[i] = values[column];
        key_nulls[i] = nulls[column];
    }
    (void)custody_index_insert(index->relation, keys, key_nulls, &row->t_self, target->relation,
                               index->info);
    index->block = block;
}

} // namespace

void insert_ledger_row(LedgerTable table, TimestampTz at, Datum *values, bool *nulls) {
    Target *target = &targets[static_cast<int>(table)];
    if (unlikely(target->relation != nullptr && is_left_behind(kNames[static_cast<int>(table)]))) {
        close_target(target);
    }
    if (unlikely(target->relation == nullptr)) {
        open_target(table, at);
    }
    HeapTuple row = heap_form_tuple(RelationGetDescr(target->relation), values, nulls);
    heap_insert(target->relation, row, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < target->index_count; ++i) {
        insert_index_entry(target, &target->index[i], row, values, nulls);
    }
    heap_freetuple(row);
}

void close_ledger() {
    for (Target &target : targets) {
        close_target(&target);
    }
    if (executor != nullptr) {
        FreeExecutorState(executor);
        executor = nullptr;
    }
}

void recover_ledger() {
    for (Target &target : targets) {
        // A partition that the subtransaction made is gone.
        bool is_gone = opening || is_new(target.relation);
        for (int i = 0; i < target.index_count; ++i) {
            is_gone |= is_new(target.index[i].relation);
            // Entries for blocks may have gone with the subtransaction's rows.
            target.index[i].block = InvalidBlockNumber;
        }
        if (is_gone) {
            close_target(&target);
        }
    }
    opening = false;
}

void forget_ledger() {
    opening = false;
    executor = nullptr;
    for (Target &target : targets) {
        target.relation = nullptr;
        for (int i = 0; i < target.index_count; ++i) {
            target.index[i].relation = nullptr;
        }
    }
}

void watch_ledger() {
    CacheRegisterRelcacheCallback(forget_indexes, Datum{0});
    watch_partitions();
}

} // namespace custody::audit
