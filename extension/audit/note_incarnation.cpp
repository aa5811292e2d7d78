// Plain C-style: no local has a destructor.
// custody.note_incarnation(): says where transactions ran that nobody sealed there.
#include "extension/audit/incarnations.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

CUSTODY_FUNCTION(custody_note_incarnation) {
    PreventCommandIfReadOnly("custody.note_incarnation()");
    const char *system = DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(0)));
    // strtoull() takes a sign, a fraction and NaN for something.
    errno = 0;
    char *end = nullptr;
    const uint64 identifier = strtoull(system, &end, 10);
    if (*system < '0' || *system > '9' || *end != '\0' || errno != 0) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE,
                  "system identifiers are whole numbers of 64 bits without a sign",
                  psprintf("It is %s.", system), "pg_control_system() has the server's.");
    }
    const int64 timeline = PG_GETARG_INT64(1);
    if (timeline < 1 || timeline > PG_UINT32_MAX) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, "timelines have numbers from 1 to 4294967295",
                  psprintf("The number is " INT64_FORMAT ".", timeline));
    }
    LockDatabaseObject(RelationRelationId, ledger_table("block"), 0, ExclusiveLock);
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    LedgerIncarnations known = read_incarnations(snapshot);
    LedgerIncarnation made =
        make_incarnation(identifier, static_cast<uint32>(timeline), PG_GETARG_OID(2));
    const bool is_new = find_incarnation(&known, made.name) == nullptr;
    if (is_new) {
        made.lineage = newest_lineage(&known) + 1;
        add_incarnation(&known, &made, 0, "noted by hand");
    }
    UnregisterSnapshot(snapshot);
    PG_RETURN_BOOL(is_new);
}

} // namespace custody::audit
