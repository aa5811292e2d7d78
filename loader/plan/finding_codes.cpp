#include "loader/plan/finding_codes.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "loader/plan/json.hpp"

namespace custody::plan {
namespace {

constexpr FindingCode kCodes[] = {
    // Columns and tables
    {"column-missing", Severity::blocking, "A column of the source does not exist on the target.",
     "add the column to the target, or leave the table out with --exclude-table"},
    {"column-type", Severity::blocking,
     "The types of a column differ, and values could be lost between them.",
     "change the type on the target, or choose a cast for the column in the configuration file; "
     "rows that do not survive it are counted and reported"},
    {"column-required", Severity::blocking,
     "A column that only the target has is NOT NULL and has no default.",
     "give the column a default on the target, or drop NOT NULL until the copy is done"},
    {"column-list-empty", Severity::blocking,
     "The source's table has no columns to copy, but the target's has some.",
     "leave the table out with --exclude-table"},
    {"cast-impossible", Severity::blocking, "The source cannot make the cast that was chosen.",
     "choose another type in casts, or change the column's type on the target"},
    {"cast-pointless", Severity::warning,
     "A cast was chosen for a table that the run creates with the source's types.",
     "remove the cast, or create the table on the target and use --no-schema"},
    {"filter-invalid", Severity::blocking, "The source cannot evaluate a row filter.",
     "mend the condition: SQL over the columns of that one table, named as on the source"},
    {"table-missing", Severity::blocking,
     "With --no-schema, a selected table does not exist on the target.",
     "create the table on the target, leave it out with --exclude-table, or run without "
     "--no-schema"},
    {"table-kind", Severity::blocking,
     "The target has a relation of the table's name that is not a table.",
     "rename or drop it on the target, or map the table to another name with --map"},
    {"partition-left-out", Severity::blocking,
     "The target chooses the partition of each row itself, and would miss one that is left out.",
     "select all partitions of the table, or make them on the target and use --no-schema"},
    {"target-not-empty", Severity::blocking,
     "A table on the target holds rows; with --truncate-target this is information only.",
     "empty the table, or let the run do it with --truncate-target"},
    {"target-trigger", Severity::blocking,
     "A trigger on the target fires in replica mode and could change the rows that are copied.",
     "disable the trigger until the copy is done: ALTER TABLE ... DISABLE TRIGGER ..."},
    {"ledger-moves", Severity::info, "The source has an audit ledger.",
     "nothing has to be done; it is moved when all else is done and equal"},
    {"ledger-stays", Severity::warning,
     "The source has an audit ledger, and only part of the database is moved.",
     "move the whole database, or take the ledger along as evidence: custody.export_ledger()"},
    {"ledger-unreadable", Severity::blocking,
     "The source has an audit ledger that the role may not read.",
     "SELECT custody.grant_duty(ROLE, 'operator') there, or leave it with --exclude-schema "
     "custody_ledger"},
    {"ledger-contradicted", Severity::blocking,
     "Recorded tables would lack rows that the audit ledger, which comes along, tells of.",
     "move them without --where (rows that are deleted on the target then are events), or leave "
     "the "
     "ledger with --exclude-schema custody_ledger"},
    {"target-ledger", Severity::blocking,
     "Source and target have a ledger each, and two ledgers are not made one.",
     "move into a database without one, or leave the source's with --exclude-schema "
     "custody_ledger"},
    {"audited-table", Severity::info, "A table on the target is recorded in its audit ledger.",
     "nothing has to be done; it is not loaded frozen"},
    {"audited-table-privilege", Severity::blocking,
     "A table on the target is recorded in its audit ledger, and the role may not load it.",
     "run as a member of custody_operator, or SELECT custody.grant_duty(ROLE, 'operator')"},
    {"target-event-trigger", Severity::warning,
     "An event trigger on the target fires in replica mode, at every command of the run.",
     "disable it until the copy is done: ALTER EVENT TRIGGER ... DISABLE"},
    {"unlogged-table", Severity::info,
     "The table is unlogged: a crash of either server empties it.",
     "a crash of the target during the run makes the run copy it again"},
    {"unlogged-unreadable", Severity::blocking,
     "The table is unlogged, and no hot standby can read it.",
     "leave it out with --exclude-table, or move from the primary"},
    {"tablespace-missing", Severity::blocking,
     "A table or index lives in a tablespace that the target lacks.",
     "create the tablespace on the target, or move the objects on the source"},
    {"large-object-collision", Severity::blocking,
     "The target already has large objects with OIDs of the source's.",
     "remove them on the target with lo_unlink, or use an empty database"},
    {"large-object-privilege", Severity::blocking,
     "The source role may not read some large objects.",
     "grant SELECT on them, or connect as their owner or a superuser"},
    // Privileges and row security
    {"source-privilege", Severity::blocking, "The source role may not read a selected relation.",
     "grant SELECT on it and USAGE on its schema to the role, or leave it out with "
     "--exclude-table"},
    {"target-privilege", Severity::blocking,
     "The target role may not do what the run has to do with an object.",
     "grant the privilege, or connect to the target as its owner or a superuser"},
    {"replica-role-denied", Severity::blocking,
     "The target role may not set session_replication_role, so triggers would fire.",
     "use a superuser on the target, or from PostgreSQL 15 on: GRANT SET ON PARAMETER "
     "session_replication_role TO the role"},
    {"target-read-only", Severity::warning,
     "default_transaction_read_only is on for the target's role, database or server.",
     "the run's own sessions turn it off; make sure that this database is meant to be written"},
    {"row-security-source", Severity::blocking,
     "Row security on the source would hide rows from the role.",
     "connect to the source as a role with BYPASSRLS, or as the tables' owner where row security "
     "is not forced"},
    {"row-security-target", Severity::blocking,
     "Row security on the target would refuse rows or hide them from the verification.",
     "connect to the target as a role with BYPASSRLS, or disable row security until the run is "
     "done"},
    {"role-missing", Severity::blocking,
     "Owners, grants or policies name a role that the target lacks; with --roles this is "
     "information only.",
     "create the role on the target, or use --roles (creates it without a password), --no-owner "
     "or --no-privileges"},
    // Servers
    {"same-database", Severity::blocking, "Source and target are the same database.",
     "check the two connection strings"},
    {"source-too-old", Severity::blocking, "The source is older than PostgreSQL 13.",
     "upgrade the source first, or use pg_dump"},
    {"target-too-old", Severity::blocking, "The target is older than PostgreSQL 13.",
     "use a newer server as target"},
    {"version-untested", Severity::warning,
     "A server is newer than the versions custody was written for.", "look for a newer custody"},
    {"version-downgrade", Severity::warning,
     "The target is of an older major version than the source.",
     "expect objects of the newer version to fail; use a target of the same version or newer"},
    {"target-in-recovery", Severity::blocking, "The target is a hot standby and cannot be written.",
     "connect to its primary"},
    {"source-standby", Severity::warning,
     "The source is a hot standby: it may cancel long queries, and the snapshot with them.",
     "set hot_standby_feedback = on or max_standby_streaming_delay = -1 there for the time of the "
     "run"},
    {"encoding-differs", Severity::warning, "The databases have different encodings.",
     "use a target with the source's encoding, or be ready for values that the target refuses"},
    {"collation-differs", Severity::warning,
     "Texts sort differently on the two servers, or it is not known whether they do.",
     "indexes are built anew and partitioned tables are loaded through their root where needed; "
     "check queries that rely on an order"},
    {"money-locale", Severity::warning,
     "lc_monetary differs, and with it the meaning of columns of type money.",
     "set lc_monetary of the target database to the source's value"},
    {"prepared-transactions", Severity::warning,
     "The source has prepared transactions; the snapshot does not see their rows.",
     "commit or roll back what pg_prepared_xacts shows before the final run"},
    {"extension-unavailable", Severity::blocking,
     "An extension of the source cannot be installed on the target; a warning where only part of "
     "the database is selected.",
     "install its package on the target's server, or leave out what needs it"},
    {"extension-privilege", Severity::blocking,
     "The target role may not create an extension that is needed.",
     "let a superuser create the extension on the target first"},
    {"extension-version", Severity::warning,
     "An extension has another version on the target; tables with its types are copied as text.",
     "install the same version where exact equality matters"},
    {"extension-created", Severity::info, "The run creates an extension on the target.", ""},
    // Sessions
    {"pooler-transaction-mode", Severity::blocking,
     "A pooler in transaction mode stands between: sessions are shared between clients.",
     "connect to the server itself, or to the pooler's port or database in session mode"},
    {"pooler", Severity::info, "A pooler or proxy in session mode stands between.",
     "its own limits on connections and on their age apply; a direct connection is safer"},
    {"connection-budget", Severity::blocking,
     "The server does not allow as many connections as the run needs.",
     "lower --jobs, or raise max_connections or the limit of the role or database"},
    {"timeout-overridden", Severity::info,
     "The role or server sets a timeout; the run's sessions turn it off.",
     "a proxy in between may still end sessions: see its settings"},
    {"disk-room", Severity::blocking, "The target's disk has less room than the rows need.",
     "make room, or add a tablespace"},
};

} // namespace

std::span<const FindingCode> finding_codes() { return kCodes; }

Finding make_finding(std::string_view code, Severity severity, std::string object,
                     std::string seen) {
    const auto *const known = std::find_if(std::begin(kCodes), std::end(kCodes),
                                           [&](const FindingCode &c) { return c.code == code; });
    if (known == std::end(kCodes))
        throw std::logic_error(fmt::format("finding {} is not in the table of codes", code));
    return {std::string(code), severity, std::move(object), std::move(seen),
            std::string(known->remedy)};
}

Finding make_finding(std::string_view code, std::string object, std::string seen) {
    Finding finding = make_finding(code, Severity::info, std::move(object), std::move(seen));
    for (const auto &known : kCodes)
        if (known.code == code)
            finding.severity = known.severity;
    return finding;
}

std::string finding_codes_markdown() {
    std::string text = "| code | severity | what it means | what to do |\n| --- | --- | --- | --- "
                       "|\n";
    for (const auto &code : kCodes)
        text += fmt::format("| `{}` | {} | {} | {} |\n", code.code, severity_name(code.severity),
                            code.meaning, code.remedy);
    return text;
}

} // namespace custody::plan
