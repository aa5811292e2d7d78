// Plain C-style: no local has a destructor.
// custody.seal(): closes a block over the transactions that were committed and that no block has.
#include "extension/audit/seal.hpp"

#include "extension/audit/random_pool.hpp"
#include "extension/audit/transaction.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr const char *kFunction = "custody.seal()";

/// What is sealed must be committed by others, and what is said of it durable.
void check_transaction() {
    PreventCommandDuringRecovery(kFunction);
    PreventCommandIfReadOnly(kFunction);
    PreventCommandIfParallelMode(kFunction);
    if (IsolationUsesXactSnapshot()) {
        pg::raise(ERRCODE_ACTIVE_SQL_TRANSACTION,
                  "custody.seal() must run in a transaction of isolation level READ COMMITTED",
                  "A snapshot taken before the lock would not see what the last seal left.");
    }
    if (transaction_has_events()) {
        pg::raise(ERRCODE_ACTIVE_SQL_TRANSACTION,
                  "custody.seal() cannot run in a transaction with audited changes of its own",
                  "They are not committed and would be in no block.", "Commit them first.");
    }
}

/// The block's commit waits for the disk, and for the standbys that commits wait for.
void force_synchronous_commit() {
    ForceSyncCommit();
    if (synchronous_commit < SYNCHRONOUS_COMMIT_REMOTE_FLUSH) {
        set_config_option("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                          true, 0, false);
    }
}

/// One sealer at a time, until its transaction ends. No advisory lock, which anybody could hold,
/// nor one of the relation, which would stop vacuum.
void lock_seal() {
    LockDatabaseObject(RelationRelationId, ledger_table("block"), 0, ExclusiveLock);
    AcceptInvalidationMessages();
}

void write_block(Seal *seal, const ledger::Block *block, const ledger::PrivatePart *part,
                 const ledger::Hash *hash) {
    Relation relation = open_ledger_table("block", RowExclusiveLock);
    Datum values[kBlockColumns] = {};
    bool nulls[kBlockColumns] = {};
    const auto put = [&values](AttrNumber column, Datum value) { values[column - 1] = value; };
    put(kBlockNumber, Int64GetDatum(static_cast<int64>(block->number)));
    put(kBlockIncarnation, Int64GetDatum(seal->here.name));
    put(kBlockLineage, Int32GetDatum(seal->here.lineage));
    put(kBlockKind, Int16GetDatum(part->kind));
    put(kBlockSnapshot, snapshot_datum(&seal->sees));
    put(kBlockSecret, hash_datum(part->secret));
    put(kBlockTransactions, Int64GetDatum(static_cast<int64>(part->transactions)));
    put(kBlockEvents, Int64GetDatum(static_cast<int64>(part->events)));
    put(kBlockTree, hash_datum(part->tree));
    put(kBlockSlots, hash_datum(block->slots));
    put(kBlockPrivate, hash_datum(block->private_part));
    put(kBlockPrevious, hash_datum(block->before));
    put(kBlockHash, hash_datum(*hash));
    put(kBlockLsn, LSNGetDatum(part->lsn));
    put(kBlockNotes, CStringGetTextDatum(seal->notes));
    put(kBlockSealedAt, TimestampTzGetDatum(block->sealed_at));
    CatalogTupleInsert(relation, form_ledger_row(relation, kBlockColumns, values, nulls));
    table_close(relation, NoLock);
}

uint64 make_block(Seal *seal) {
    ledger::PrivatePart part = {};
    fill_random(part.secret.data(), part.secret.size());
    part.kind = is_adoption(seal) ? 1 : 0;
    part.lineage = static_cast<uint32>(seal->here.lineage);
    part.snapshot = snapshot_text(&seal->sees);
    part.transactions = seal->transactions;
    part.events = seal->events;
    part.tree = tree_so_far(&seal->tree);
    part.lsn = GetXLogInsertRecPtr();
    part.notes = seal->notes;
    ledger::Block block = {};
    block.ledger = ledger_id(seal->snapshot);
    block.number = seal->last_number + 1;
    block.incarnation = seal->here.hash;
    block.before = seal->last_number == 0 ? ledger::kNothingBefore : seal->last_hash;
    block.slots = seal_orgs(seal, block.number, &part.secret);
    block.private_part = ledger::private_part(part);
    block.sealed_at = GetCurrentTimestamp();
    const ledger::Hash hash = ledger::block_hash(block);
    write_block(seal, &block, &part, &hash);
    leave_orgs(seal, block.number, &hash);
    return block.number;
}

/// 0: nothing to seal.
uint64 seal_what_is_new(bool even_when_empty) {
    Seal seal = {};
    seal.snapshot = RegisterSnapshot(GetLatestSnapshot());
    PushActiveSnapshot(seal.snapshot); // for values that are stored out of line
    seal.sees = make_ledger_snapshot(seal.snapshot);
    seal.members = make_record_sorter(maintenance_work_mem);
    begin_record(&seal.record);
    find_place(&seal);
    take_orgs(&seal);
    collect_members(&seal);
    adopt_members(&seal);
    hash_members(&seal);
    const bool is_wanted = even_when_empty || seal.transactions > 0 || is_adoption(&seal);
    const uint64 number = is_wanted ? make_block(&seal) : 0;
    if (!is_wanted && seal.orgs_known) {
        leave_orgs(&seal, seal.last_number, &seal.last_hash);
    }
    PopActiveSnapshot();
    UnregisterSnapshot(seal.snapshot);
    CommandCounterIncrement();
    return number;
}

} // namespace

CUSTODY_FUNCTION(custody_seal) {
    check_transaction();
    ledger_table("block");
    force_synchronous_commit();
    lock_seal();
    make_partitions();
    const uint64 number = seal_what_is_new(PG_GETARG_BOOL(0));
    if (number == 0) {
        PG_RETURN_NULL();
    }
    PG_RETURN_INT64(static_cast<int64>(number));
}

} // namespace custody::audit
