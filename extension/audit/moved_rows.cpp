// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
// The server queues the AFTER triggers of a moved row one after the other, DELETE and INSERT. Where
// a BEFORE INSERT trigger (or a foreign server) keeps the row out, there is no INSERT, and the next
// of the command is another row's: of a WITH clause or of a MERGE. Nothing in that row tells.
#include "extension/audit/moved_rows.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

struct Moving {
    LocalTransactionId transaction;
    uint32 cid;
    int32 tbl;
    Oid partition;
    uint32 seq;
    bool looked; // the next is known
    bool doubtful;
};

/// One for each command that runs: others run in triggers between the two, with larger numbers.
constexpr int kMostMoving = 16;
Moving moving[kMostMoving];
int moving_count = 0;

/// A query whose AFTER triggers fire.
struct Finishing {
    const QueryDesc *query;
    int level; // of subtransactions
};

/// The innermost last; none where the library was loaded by one of these triggers.
Finishing *finishing = nullptr;
int finishing_count = 0;
int finishing_room = 0;
ExecutorFinish_hook_type next_finish = nullptr;

void finish(QueryDesc *query) {
    if (finishing_count == finishing_room) {
        const int room = Max(16, 2 * finishing_room);
        const Size size = static_cast<Size>(room) * sizeof(Finishing);
        finishing = static_cast<Finishing *>(finishing == nullptr
                                                 ? MemoryContextAlloc(TopMemoryContext, size)
                                                 : repalloc(finishing, size));
        finishing_room = room;
    }
    const int outer = finishing_count;
    finishing[finishing_count++] = {query, GetCurrentTransactionNestLevel()};
    (next_finish != nullptr ? next_finish : standard_ExecutorFinish)(query);
    finishing_count = outer;
}

/// Queries that an ERROR left.
void forget_finishing(int level) {
    while (finishing_count > 0 && finishing[finishing_count - 1].level >= level) {
        --finishing_count;
    }
}

void at_transaction(XactEvent event, void *) {
    if (event == XACT_EVENT_ABORT) {
        finishing_count = 0;
    }
}

void at_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    if (event == SUBXACT_EVENT_ABORT_SUB) {
        forget_finishing(GetCurrentTransactionNestLevel());
    }
}

/// What commands left that are over, or rolled back, or whose row a trigger kept out.
void forget_moved_after(uint32 cid) {
    while (moving_count > 0 && (moving[moving_count - 1].transaction != MyProc->lxid ||
                                moving[moving_count - 1].cid > cid)) {
        --moving_count;
    }
}

bool is_of(Oid relation, Oid root) { return partition_root(relation) == root; }

bool inserts(const ModifyTable *node) {
    return node->operation == CMD_INSERT || custody_merge_inserts(node);
}

/// ModifyTable stands at the top of a plan or of one of its subplans (WITH), nowhere else.
bool plan_has(const PlannedStmt *statement, Oid root, bool (*wanted)(const ModifyTable *)) {
    for (int i = -1; i < list_length(statement->subplans); ++i) {
        const auto *plan = static_cast<const Plan *>(i < 0 ? statement->planTree
                                                           : list_nth(statement->subplans, i));
        if (plan == nullptr || !IsA(plan, ModifyTable)) {
            continue;
        }
        const auto *node = reinterpret_cast<const ModifyTable *>(plan);
        const Index place = node->rootRelation != 0
                                ? node->rootRelation
                                : static_cast<Index>(linitial_int(node->resultRelations));
        if (wanted(node) && is_of(rt_fetch(place, statement->rtable)->relid, root)) {
            return true;
        }
    }
    return false;
}

bool updates(const ModifyTable *node) { return node->operation != CMD_INSERT; }

/// Whether a function that runs queries is under way. The server has no call that only tells.
bool is_within_function() { return SPI_unregister_relation("") != SPI_ERROR_UNCONNECTED; }

/// The command, where it is known. A library that the first row of a session's first command loads
/// was not there when the command began to be finished: then it is the client's, if no function of
/// somebody's own can be between.
const PlannedStmt *command(Oid root) {
    if (finishing_count > 0) {
        return finishing[finishing_count - 1].query->plannedstmt;
    }
    if (ActivePortal == nullptr || list_length(ActivePortal->stmts) != 1 || is_within_function()) {
        return nullptr;
    }
    const auto *statement = linitial_node(PlannedStmt, ActivePortal->stmts);
    if (statement->commandType == CMD_UTILITY || !plan_has(statement, root, updates)) {
        return nullptr;
    }
    ListCell *cell;
    foreach (cell, statement->invalItems) {
        if (lfirst_node(PlanInvalItem, cell)->cacheId == PROCOID) {
            return nullptr;
        }
    }
    return statement;
}

bool has_trigger_before_insert(Oid partition) {
    ScanKeyData key;
    Relation triggers = table_open(TriggerRelationId, AccessShareLock);
    ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(partition));
    SysScanDesc scan =
        systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 1, &key);
    bool found = false;
    for (HeapTuple row; !found && HeapTupleIsValid(row = systable_getnext(scan));) {
        const auto *trigger = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(row));
        found = TRIGGER_FOR_ROW(trigger->tgtype) && TRIGGER_FOR_BEFORE(trigger->tgtype) &&
                TRIGGER_FOR_INSERT(trigger->tgtype) && trigger->tgenabled != TRIGGER_DISABLED;
    }
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
    return found;
}

/// Some partition may keep out what is moved into it.
bool keeps_out(Oid root) {
    List *tree = find_all_inheritors(root, NoLock, nullptr);
    ListCell *cell;
    foreach (cell, tree) {
        CHECK_FOR_INTERRUPTS();
        if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE ||
            has_trigger_before_insert(lfirst_oid(cell))) {
            return true;
        }
    }
    return false;
}

bool is_doubtful(Oid root) {
    const PlannedStmt *statement = command(root);
    return (statement == nullptr || plan_has(statement, root, inserts)) && keeps_out(root);
}

} // namespace

void remember_moved(const CaptureTable *table, uint32 cid, uint32 seq) {
    Moving row = {MyProc->lxid, cid, table->tbl, table->relation, seq, false, false};
    forget_moved_after(cid);
    Moving *newest = moving_count > 0 ? &moving[moving_count - 1] : nullptr;
    if (newest != nullptr && newest->cid == cid && newest->tbl == row.tbl) {
        row.looked = newest->looked;
        row.doubtful = newest->doubtful;
    }
    if (moving_count == kMostMoving || (newest != nullptr && newest->cid == cid)) {
        --moving_count; // of many the newest are more likely to be left over
    }
    moving[moving_count++] = row;
}

uint32 take_moved(const CaptureTable *table, uint32 cid) {
    forget_moved_after(cid);
    if (moving_count == 0) {
        return ledger::kNoPair;
    }
    Moving *row = &moving[moving_count - 1];
    if (row->cid != cid || row->tbl != table->tbl || row->partition == table->relation ||
        row->seq == ledger::kNoPair) {
        return ledger::kNoPair;
    }
    if (!row->looked) {
        row->doubtful = is_doubtful(table->root);
        row->looked = true;
    }
    const uint32 seq = row->doubtful ? ledger::kNoPair : row->seq;
    row->seq = ledger::kNoPair;
    return seq;
}

void watch_commands() {
    next_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = finish;
    RegisterXactCallback(at_transaction, nullptr);
    RegisterSubXactCallback(at_subtransaction, nullptr);
}

} // namespace custody::audit
