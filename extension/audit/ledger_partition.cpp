// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/ledger_partition.hpp"

#include "extension/audit/ledger_relation.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// What was found last for a table; times from `lower` to before `upper` lie in the partition.
struct Found {
    const char *table;
    Oid parent;
    Oid partition;
    TimestampTz lower, upper;
    bool is_default;
};

Found found[2];

void forget(Datum, Oid relation) {
    for (Found &last : found) {
        if (relation == InvalidOid || relation == last.parent || relation == last.partition) {
            last.partition = InvalidOid;
        }
    }
}

[[noreturn]] void refuse(const char *table) {
    pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
              psprintf("table \"%s\" of the audit ledger has no partition for this time", table),
              "there is no default partition either", "call custody.init_ledger()");
}

TimestampTz bound(PartitionBoundInfo bounds, int place, TimestampTz open) {
    return bounds->kind[place][0] == PARTITION_RANGE_DATUM_VALUE
               ? DatumGetTimestampTz(bounds->datums[place][0])
               : open;
}

void search(Relation parent, TimestampTz at, Found *result) {
    PartitionDesc partitions = custody_partitions(parent);
    PartitionKey key = RelationGetPartitionKey(parent);
    if (key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 ||
        key->parttypid[0] != TIMESTAMPTZOID || partitions->nparts == 0) {
        refuse(result->table);
    }
    PartitionBoundInfo bounds = partitions->boundinfo;
    Datum value = TimestampTzGetDatum(at);
    bool equal = false;
    const int below = partition_range_datum_bsearch(key->partsupfunc, key->partcollation, bounds, 1,
                                                    &value, &equal);
    int place = bounds->indexes[below + 1];
    result->lower = below < 0 ? DT_NOBEGIN : bound(bounds, below, DT_NOBEGIN);
    result->upper = below + 1 < bounds->ndatums ? bound(bounds, below + 1, DT_NOEND) : DT_NOEND;
    result->is_default = place < 0;
    if (result->is_default) {
        place = bounds->default_index;
    }
    if (place < 0 || !partitions->is_leaf[place]) {
        refuse(result->table);
    }
    result->partition = partitions->oids[place];
}

void find(const char *table, TimestampTz at, Found *result) {
    const Oid oid = ledger_table_oid(table);
    Relation parent = table_open(oid, AccessShareLock);
    if (parent->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
        refuse(table);
    }
    result->table = table;
    result->parent = oid;
    search(parent, at, result);
    table_close(parent, AccessShareLock);
}

} // namespace

Oid ledger_schema() {
    const Oid schema = get_namespace_oid("custody_ledger", true);
    HeapTuple row = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(row)) {
        return InvalidOid;
    }
    const Oid owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(row))->nspowner;
    ReleaseSysCache(row);
    const bool is_ours =
        superuser_arg(owner) || owner == get_role_oid("custody_ledger_owner", true);
    return is_ours ? schema : InvalidOid;
}

Oid ledger_table_oid(const char *name) {
    const Oid schema = ledger_schema();
    const Oid table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
    if (!OidIsValid(table)) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "this database has no audit ledger",
                  psprintf("there is no table custody_ledger.%s", name),
                  "call custody.init_ledger()");
    }
    return table;
}

Relation open_ledger_partition(const char *table, TimestampTz at) {
    Found *last = &found[strcmp(table, "tx") == 0];
    for (;;) {
        if (!OidIsValid(last->partition) || at < last->lower || at >= last->upper) {
            find(table, at, last);
        }
        const Oid partition = last->partition;
        ResourceOwner caller = CurrentResourceOwner;
        CurrentResourceOwner = TopTransactionResourceOwner;
        LockRelationOid(partition, RowExclusiveLock); // may tell that it is another one by now
        Relation relation = nullptr;
        if (last->partition == partition && at >= last->lower && at < last->upper) {
            relation = table_open(partition, NoLock);
        } else {
            UnlockRelationOid(partition, RowExclusiveLock);
        }
        CurrentResourceOwner = caller;
        if (relation != nullptr) {
            return relation;
        }
        CHECK_FOR_INTERRUPTS();
    }
}

bool is_left_behind(const char *table) {
    const Found *last = &found[strcmp(table, "tx") == 0];
    return last->is_default && !OidIsValid(last->partition);
}

void watch_partitions() { CacheRegisterRelcacheCallback(forget, Datum{0}); }

} // namespace custody::audit
