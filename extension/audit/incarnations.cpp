// Plain C-style: no local has a destructor.
#include "extension/audit/incarnations.hpp"

#include "common/big_endian.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

enum IncarnationColumn : AttrNumber {
    kName = 1,
    kHash,
    kSystem,
    kTimeline,
    kDatabase,
    kLineage,
    kParent,
    kReason,
    kNoticed,
    kColumns = kNoticed
};

/// Timelines ahead of the running one are asked for, too: a copy may have gone further.
constexpr uint32 kTimelinesAhead = 64;

void keep(LedgerIncarnations *known, const LedgerIncarnation *one) {
    if (known->count == known->room) {
        known->room *= 2;
        known->all = static_cast<LedgerIncarnation *>(
            repalloc(known->all, sizeof(LedgerIncarnation) * static_cast<Size>(known->room)));
    }
    known->all[known->count++] = *one;
}

uint64 unsigned_of(Datum numeric) {
    const char *text = DatumGetCString(DirectFunctionCall1(numeric_out, numeric));
    return strtoull(text, nullptr, 10);
}

Datum numeric_of(uint64 value) {
    return DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf(UINT64_FORMAT, value)),
                               ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

LedgerIncarnation read_one(const LedgerRow *row) {
    LedgerIncarnation one = {};
    one.name = DatumGetInt64(value_in(row, kName));
    one.hash = hash_in(row, kHash);
    one.system = unsigned_of(value_in(row, kSystem));
    one.timeline = static_cast<uint32>(DatumGetInt64(value_in(row, kTimeline)));
    one.database = DatumGetObjectId(value_in(row, kDatabase));
    one.lineage = DatumGetInt32(value_in(row, kLineage));
    return one;
}

} // namespace

LedgerIncarnation make_incarnation(uint64 system, uint32 timeline, Oid database) {
    LedgerIncarnation made = {};
    made.hash = ledger::incarnation_hash(system, timeline, database);
    made.name = wire::get_big<std::int64_t>(made.hash.data());
    made.system = system;
    made.timeline = timeline;
    made.database = database;
    return made;
}

LedgerIncarnation running_incarnation() {
    return make_incarnation(GetSystemIdentifier(), custody_writing_timeline(), MyDatabaseId);
}

LedgerIncarnations read_incarnations(Snapshot snapshot) {
    LedgerIncarnations known = {};
    known.room = 8;
    known.all = static_cast<LedgerIncarnation *>(palloc(sizeof(LedgerIncarnation) * 8));
    Relation relation = open_ledger_table("incarnation", AccessShareLock);
    SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(relation), &row);
        const LedgerIncarnation one = read_one(&row);
        keep(&known, &one);
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return known;
}

const LedgerIncarnation *find_incarnation(const LedgerIncarnations *known, int64 name) {
    for (int i = 0; i < known->count; ++i) {
        if (known->all[i].name == name) {
            return known->all + i;
        }
    }
    return nullptr;
}

int32 newest_lineage(const LedgerIncarnations *known) {
    int32 newest = 0;
    for (int i = 0; i < known->count; ++i) {
        newest = Max(newest, known->all[i].lineage);
    }
    return newest;
}

const LedgerIncarnation *add_incarnation(LedgerIncarnations *known, const LedgerIncarnation *made,
                                         int64 parent, const char *reason) {
    Relation relation = open_ledger_table("incarnation", RowExclusiveLock);
    Datum values[kColumns] = {};
    bool nulls[kColumns] = {};
    values[kName - 1] = Int64GetDatum(made->name);
    values[kHash - 1] = hash_datum(made->hash);
    values[kSystem - 1] = numeric_of(made->system);
    values[kTimeline - 1] = Int64GetDatum(made->timeline);
    values[kDatabase - 1] = ObjectIdGetDatum(made->database);
    values[kLineage - 1] = Int32GetDatum(made->lineage);
    values[kParent - 1] = Int64GetDatum(parent);
    nulls[kParent - 1] = parent == 0;
    values[kReason - 1] = CStringGetTextDatum(reason);
    values[kNoticed - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
    CatalogTupleInsert(relation, form_ledger_row(relation, kColumns, values, nulls));
    table_close(relation, NoLock);
    keep(known, made);
    return known->all + known->count - 1;
}

const LedgerIncarnation *find_passed_by(LedgerIncarnations *known, int64 name) {
    for (int i = 0; i < known->count; ++i) {
        const LedgerIncarnation one = known->all[i];
        uint32 last = one.timeline + kTimelinesAhead;
        if (one.system == GetSystemIdentifier()) {
            last = Max(last, custody_writing_timeline());
        }
        for (uint32 timeline = 1; timeline <= last; ++timeline) {
            LedgerIncarnation made = make_incarnation(one.system, timeline, one.database);
            if (made.name == name) {
                made.lineage = one.lineage;
                return add_incarnation(known, &made, one.name, "wrote before a block was sealed");
            }
        }
    }
    return nullptr;
}

} // namespace custody::audit
