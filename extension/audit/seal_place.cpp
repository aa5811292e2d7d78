// Plain C-style: no local has a destructor.
// Where a new block stands: after which one, in which lineage, and what that lineage has sealed.
#include "extension/audit/seal.hpp"

#include "extension/audit/adoption_notes.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

void take_adopted(Seal *seal, const LedgerRow *row) {
    const ledger::Bytes notes = bytes_in(row, kBlockNotes);
    AdoptionReader reader = read_notes(notes);
    Adopted one;
    while (next_adopted(&reader, &one)) {
        if ((seal->adopted_count & (seal->adopted_count - 1)) == 0) {
            const Size room = Max(16, Size{seal->adopted_count} * 2);
            seal->adopted = static_cast<Adopted *>(
                seal->adopted == nullptr ? palloc(sizeof(Adopted) * room)
                                         : repalloc_huge(seal->adopted, sizeof(Adopted) * room));
        }
        seal->adopted[seal->adopted_count++] = one;
    }
}

void take_last(Seal *seal, const LedgerRow *row) {
    seal->last_number = static_cast<uint64>(DatumGetInt64(value_in(row, kBlockNumber)));
    seal->last_incarnation = DatumGetInt64(value_in(row, kBlockIncarnation));
    seal->last_hash = hash_in(row, kBlockHash);
}

/// From the last block backward to the last one of the lineage. Nearly always that is the first.
void read_blocks(Seal *seal, Relation relation, int32 lineage) {
    Relation index = index_open(btree_on(relation, kBlockNumber), AccessShareLock);
    SysScanDesc scan = systable_beginscan_ordered(relation, index, seal->snapshot, 0, nullptr);
    HeapTuple tuple;
    seal->first_of_lineage = true;
    seal->before = kSeesNothing;
    seal->adopted_count = 0;
    while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, BackwardScanDirection))) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(relation), &row);
        if (seal->last_number == 0) {
            take_last(seal, &row);
        }
        if (lineage == 0) {
            break;
        }
        if (DatumGetInt32(value_in(&row, kBlockLineage)) == lineage) {
            seal->first_of_lineage = false;
            seal->before = read_ledger_snapshot(value_in(&row, kBlockSnapshot));
            break;
        }
        take_adopted(seal, &row);
        CHECK_FOR_INTERRUPTS();
    }
    systable_endscan_ordered(scan);
    index_close(index, AccessShareLock);
    std::sort(seal->adopted, seal->adopted + seal->adopted_count, comes_before);
}

/// Why this is another incarnation than the one of the block before.
const char *reason_of(const LedgerIncarnation *last, const LedgerIncarnation *here) {
    if (last == nullptr) {
        return "the ledger was made here";
    }
    if (last->system != here->system) {
        return "another server: restored from a dump, or upgraded";
    }
    if (last->database != here->database) {
        return "another database of the server: copied or restored from a dump";
    }
    return "another timeline: promoted or recovered to a point in time";
}

bool is_behind(const LedgerSnapshot *sees, const LedgerSnapshot *before) {
    return sees->xmax < before->xmax || sees->xmin < before->xmin;
}

} // namespace

void find_place(Seal *seal) {
    Relation relation = open_ledger_table("block", RowExclusiveLock);
    seal->known = read_incarnations(seal->snapshot);
    seal->here = running_incarnation();
    read_blocks(seal, relation, 0);
    const LedgerIncarnation *last =
        seal->last_number == 0 ? nullptr : find_incarnation(&seal->known, seal->last_incarnation);
    const LedgerIncarnation *here = find_incarnation(&seal->known, seal->here.name);
    const bool is_known = here != nullptr;
    if (is_known) {
        seal->here = *here;
    } else if (last != nullptr && last->system == seal->here.system) {
        seal->here.lineage = last->lineage; // the same counter, unless it is behind
    }
    read_blocks(seal, relation, seal->here.lineage);
    if (!seal->first_of_lineage && is_behind(&seal->sees, &seal->before)) {
        if (is_known) {
            pg::raise(ERRCODE_DATA_CORRUPTED,
                      "the server's counter of transactions is behind the ledger's last block",
                      psprintf("The next transaction is " UINT64_FORMAT ", block " UINT64_FORMAT
                               " of this incarnation saw " UINT64_FORMAT ".",
                               seal->sees.xmax, seal->last_number, seal->before.xmax),
                      "The ledger is newer than the server: an older copy of the server runs.");
        }
        seal->here.lineage = 0;
        read_blocks(seal, relation, 0);
    }
    if (!is_known) {
        if (seal->here.lineage == 0) {
            seal->here.lineage = newest_lineage(&seal->known) + 1;
        }
        const int64 parent = last == nullptr ? 0 : last->name;
        seal->here =
            *add_incarnation(&seal->known, &seal->here, parent, reason_of(last, &seal->here));
    }
    table_close(relation, NoLock);
}

} // namespace custody::audit
