// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/ledger_relation.hpp"

#include "extension/audit/ledger_partition.hpp"
#include "extension/audit/transaction_memory.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr int kMostIndexes = 8;
constexpr int kMostColumns = 24;

struct Index {
    Relation relation;
    IndexInfo *info;
    bool simple;       // columns of the table only
    int32 longest_key; // rows whose key is longer have no entry
    bool by_block;     // of ranges of blocks
    BlockNumber block; // that it has the transaction's values of already
};

struct Target {
    Relation relation;
    int index_count;
    Index index[kMostIndexes];
};

Target targets[2];
ResourceOwner owner = nullptr;
bool writing = false;
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
    const auto *length = reinterpret_cast<const FuncExpr *>(left);
    const auto *number = reinterpret_cast<const Const *>(right);
    if (length->funcid != fmgr_internal_function("byteaoctetlen") || number->constisnull ||
        !IsA(linitial(length->args), Var) ||
        static_cast<Var *>(linitial(length->args))->varattno != kKeyColumn) {
        return false;
    }
    *limit = DatumGetInt32(number->constvalue);
    return true;
}

void open_index(Target *target, Oid oid) {
    if (target->index_count == kMostIndexes) {
        pg::raise(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                  psprintf("table \"%s\" of the audit ledger has more than %d indexes",
                           RelationGetRelationName(target->relation), kMostIndexes));
    }
    Relation relation = index_open(oid, RowExclusiveLock);
    IndexInfo *info = BuildIndexInfo(relation);
    if (!info->ii_ReadyForInserts) {
        index_close(relation, NoLock);
        return;
    }
    Index *index = &target->index[target->index_count++];
    *index = {relation,          info, false, PG_INT32_MAX, relation->rd_rel->relam == BRIN_AM_OID,
              InvalidBlockNumber};
    index->simple = info->ii_Expressions == NIL &&
                    (info->ii_Predicate == NIL ||
                     (target == &targets[0] && is_limit_of_key(info, &index->longest_key)));
}

void open_target(LedgerTable table, TimestampTz at) {
    Target *target = &targets[static_cast<int>(table)];
    MemoryContext caller = MemoryContextSwitchTo(transaction_memory());
    target->index_count = 0;
    target->relation = open_ledger_partition(kNames[static_cast<int>(table)], at);
    if (RelationGetDescr(target->relation)->natts != kColumns[static_cast<int>(table)]) {
        pg::raise(
            ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            psprintf("table \"%s\" of the audit ledger has other columns than it was made with",
                     RelationGetRelationName(target->relation)));
    }
    List *indexes = RelationGetIndexList(target->relation);
    ListCell *cell;
    foreach (cell, indexes) {
        open_index(target, lfirst_oid(cell));
    }
    list_free(indexes);
    MemoryContextSwitchTo(caller);
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
    if (unlikely(owner == nullptr)) {
        owner = ResourceOwnerCreate(TopTransactionResourceOwner, "custody ledger");
    }
    ResourceOwner caller = CurrentResourceOwner;
    CurrentResourceOwner = owner;
    writing = true;
    if (unlikely(target->relation == nullptr)) {
        open_target(table, at);
    }
    HeapTuple row = heap_form_tuple(RelationGetDescr(target->relation), values, nulls);
    heap_insert(target->relation, row, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < target->index_count; ++i) {
        insert_index_entry(target, &target->index[i], row, values, nulls);
    }
    heap_freetuple(row);
    writing = false;
    CurrentResourceOwner = caller;
}

void close_ledger() {
    if (owner == nullptr) {
        return;
    }
    ResourceOwner caller = CurrentResourceOwner;
    CurrentResourceOwner = owner;
    for (Target &target : targets) {
        for (int i = 0; i < target.index_count; ++i) {
            index_close(target.index[i].relation, NoLock);
        }
        if (target.relation != nullptr) {
            table_close(target.relation, NoLock);
        }
        target.relation = nullptr;
        target.index_count = 0;
    }
    CurrentResourceOwner = caller;
    if (executor != nullptr) {
        FreeExecutorState(executor);
        executor = nullptr;
    }
}

void recover_ledger() {
    // Entries for blocks may have gone with the subtransaction's rows.
    for (Target &target : targets) {
        for (int i = 0; i < target.index_count; ++i) {
            target.index[i].block = InvalidBlockNumber;
        }
    }
    if (writing) {
        ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
        ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
        ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
        ResourceOwnerDelete(owner);
        forget_ledger();
    }
}

void forget_ledger() {
    owner = nullptr;
    writing = false;
    executor = nullptr;
    for (Target &target : targets) {
        target.relation = nullptr;
        target.index_count = 0;
    }
}

} // namespace custody::audit
