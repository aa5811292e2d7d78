// What --help, the man page and docs/loader.md say about each command, exit codes and environment.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "loader/cli/options.hpp"

namespace custody::cli {

struct CommandInfo {
    Command command;
    std::string_view name;         // of two words where it belongs to a family
    std::string_view summary;      // after "custody NAME ", third person
    std::string_view description;  // paragraphs, separated by empty lines
    std::string_view examples;     // pairs of lines: "# what", "command"
    std::string_view operand = {}; // what stands after the name without being an option; "" = none
};

inline constexpr std::array kCommands{
    CommandInfo{
        Command::plan, "plan", "shows what a run would do, and what stands in its way",
        "Reads the catalogs of both servers and prints the plan that \"custody run\" would "
        "execute: "
        "tables and their parts, the form in which each is copied, what is not moved, and the "
        "findings of the preflight. Writes nothing on either server.\n\n"
        "Exit code 3 means that a finding blocks the run.",
        "# What would be moved, and what blocks it\n"
        "custody plan --source=service=old --target=service=new\n"
        "# The plan for a script\n"
        "custody plan --source=service=old --target=service=new --json | jq .findings\n"},
    CommandInfo{
        Command::run, "run", "copies the database and proves that it arrived",
        "Checks both servers, takes a snapshot of the source, moves schema, rows, indexes, "
        "constraints and everything else, and compares the digest of each table as it streamed "
        "with the digest of what the target stored. Each step is recorded in the target.\n\n"
        "When a run stops half way (exit code 4, 130 or 143, a kill, a crash), the same command "
        "goes on where it stopped. Exit code 0 means that every table was verified as equal.\n\n"
        "With --final all of the source is read once more and compared with the target; what is "
        "different is named (exit code 5) and copied again by the next run.",
        "# Move everything with 8 jobs\n"
        "custody run --source=service=old --target=service=new -j 8\n"
        "# Two schemas but not the logs\n"
        "custody run --source=service=old --target=service=new -n app -n billing -T 'log_*'\n"
        "# What it would do\n"
        "custody run --config=move.toml --dry-run\n"
        "# The cut-over: writers are stopped; compare once more and keep the proof\n"
        "custody run --config=move.toml --final --report-directory=proof\n"},
    CommandInfo{
        Command::status, "status", "shows how far a migration is",
        "Reads the state that the target keeps; the loader need not run. The same is in the views "
        "custody.migration_progress and custody.migration_verdict.",
        "# Progress, every two seconds\n"
        "watch -n 2 custody status --target=service=new\n"
        "# Tables that are not done yet\n"
        "custody status --target=service=new --json | jq '.objects[] | select(.phase != "
        "\"verified\")'\n"},
    CommandInfo{
        Command::verify, "verify", "compares two databases, at any time",
        "Compares the source and the target table by table, each under one snapshot: by the plan "
        "of the migration where the target has one, otherwise all that the options name. Each "
        "side gives its digests in the way that it allows: the extension's scan, plain SQL, or a "
        "stream of all rows; --dry-run shows which. Nothing need be installed on either side. "
        "With patterns only the tables and sequences that they name are compared.\n\n"
        "Exit code 0 means that there was something to compare and that all of it is equal.",
        "# After the cut-over, or whenever in doubt\n"
        "custody verify --source=service=old --target=service=new\n"
        "# How each table would be compared\n"
        "custody verify --source=service=old --target=service=new --dry-run\n"
        "# A long one, which goes on after a kill\n"
        "custody verify --source=service=old --target=service=new --checkpoint=verify.jsonl\n"
        "# Against what the migration recorded, without the source\n"
        "custody verify --target=service=new --method=stored\n"},
    CommandInfo{
        Command::repair, "repair", "makes the rows of the target equal to the source's",
        "Compares both servers as \"custody verify\" does, down to the rows that differ, and "
        "writes the SQL that inserts what the target lacks and updates the columns that differ: a "
        "script "
        "for psql, to be read first, or with --apply the changes themselves, through triggers, "
        "constraints and row security like anybody's. Rows that only the target has are counted, "
        "and deleted only with --delete. A row is changed only as long as it is what it was when "
        "it was compared.\n\n"
        "Exit code 0 means that both sides are equal: at once, or after --apply, when what was "
        "changed has been compared again. 5 means that they are not, also when a script was "
        "written; 4 that a change failed. The same command goes on with what is left.",
        "# The script, to be read and run\n"
        "custody repair --source=service=old --target=service=new -o repair.sql\n"
        "psql -X -d service=new -f repair.sql\n"
        "# What would be done\n"
        "custody repair --source=service=old --target=service=new --delete --dry-run\n"
        "# Do it\n"
        "custody repair --source=service=old --target=service=new --delete --apply\n"},
    CommandInfo{
        Command::compare, "compare", "compares the schemas of two databases",
        "Reads the catalogs of both servers and names what is missing on the target, extra there "
        "or different: tables, columns, constraints, indexes, sequences with their values, views, "
        "functions, triggers, policies, grants, owners, types, extensions, settings, and the rest. "
        "Needs the extension on neither side and writes nothing; no row is read.\n\n"
        "Exit code 0 means that nothing differs; 5 that something does, or could not be read.",
        "# What differs?\n"
        "custody compare --source=service=old --target=service=new\n"
        "# One page to send\n"
        "custody compare --source=service=old --target=service=new --format=html -o differs.html\n"
        "# In CI: owners and comments may differ\n"
        "custody compare --config=move.toml --ignore='*:*:owner' --ignore='*:*:comment' --json\n"},
    CommandInfo{
        Command::report, "report", "prints the report of a migration",
        "Prints what was moved, from where, under which snapshot, when, by which version, with "
        "digests, verdicts, findings and timings, as it is recorded in the target. The exit code "
        "is that of the migration: 0 when all was verified, 4 when it is not finished, 5 when a "
        "verdict is different or unverified.",
        "# On the terminal\n"
        "custody report --target=service=new\n"
        "# One page for the auditor\n"
        "custody report --target=service=new --format=html -o report.html\n"},
    CommandInfo{
        Command::abandon, "abandon", "gives up a migration that is not finished",
        "Removes the state of an unfinished migration from the target, so that another can be "
        "started. The rows that it has copied stay, unless --drop-rows empties the tables. "
        "The source is not touched.",
        "# What would be removed\n"
        "custody abandon --target=service=new --drop-rows --dry-run\n"
        "# Start all over\n"
        "custody abandon --target=service=new --drop-rows\n"},
    CommandInfo{
        Command::lint, "lint", "names what undoes the isolation of organizations",
        "Looks at the catalogs of any server from PostgreSQL 13 on for what lets one organization "
        "see or change rows of another: tables without row security, policies that let everything "
        "through, owners, roles, views, functions and privileges that lead past it, keys and "
        "indexes that leave the organization out. The same rules as custody.lint(). Needs no "
        "extension: rules that need its state are then named as not run. Reads only; no row of a "
        "user's table is read.\n\n"
        "Findings with a row in custody.exemption are shown with its reason and do not count. Exit "
        "code 5 means that there is a finding at or above --fail-on, or that such a rule failed.",
        "# All that is found\n"
        "custody lint --target=service=app\n"
        "# On a server without custody, whose tables have a column tenant_id\n"
        "custody lint --target=service=old --org-column=tenant_id\n"
        "# In CI: warnings fail, too, and the findings are kept\n"
        "custody lint --target=service=app --fail-on=warning --sarif -o lint.sarif\n"},
    CommandInfo{
        Command::probe, "probe", "attacks the isolation of organizations as the application's role",
        "Runs custody.probe_isolation() in the target, as a superuser, and then logs in as the "
        "application's role on connections of its own and tries what cannot be tried from inside: "
        "RESET ROLE, SET ROLE, SET SESSION AUTHORIZATION, startup options, COPY, DISCARD ALL, the "
        "context after COMMIT, prepared statements; through --pooler also what one client leaves "
        "behind for the next. Nothing that it does is committed, but what it leaves on a pooled "
        "connection for a moment, under names of its own.\n\n"
        "Enters organizations as the application does: with the statement of --enter, or with "
        "tokens that it mints with --key-file and --kid.\n\n"
        "Exit code 0 means that every attack was held, or is inconclusive and accepted in "
        "custody.exemption; 5 that something leaks or is not known to hold.",
        "# Before every release\n"
        "custody probe --target=service=admin --role-conninfo=service=app --key-file=app1.pem "
        "--kid=app1 --pooler='host=pooler port=6432 user=app dbname=shop'\n"
        "# An application that sets a setting, and the result for a script\n"
        "custody probe --target=service=admin --role-conninfo=service=app --enter=\"SELECT "
        "set_config('app.org', \\$1, true)\" --json\n"},
    CommandInfo{
        Command::token, "token", "mints a token for a database, or makes a key",
        "Signs a token of custody's own kind, which custody.enter() takes, and prints it. The key "
        "is an Ed25519 private key in PEM, or a key of a file as the server has in custody_keys. "
        "No server is asked for anything.\n\n"
        "With --new-key it makes a key: of Ed25519 the private half goes to the file of --output, "
        "and the statement that makes the database believe it is printed; of a symmetric one the "
        "line for custody_keys is printed.",
        "# A key, and its registration\n"
        "custody token --new-key=ed25519 --kid=app1 -o app1.pem | psql service=new\n"
        "# A token for an hour\n"
        "custody token --key-file=app1.pem --kid=app1 --database-id=$(psql -XAtc 'SELECT "
        "custody.database_id()' service=new) --org=$org --user=ann --lifetime=3600\n"},
    CommandInfo{
        Command::audit_anchor, "audit anchor",
        "keeps the audit ledger's digest outside the database",
        "Closes a block of the audit ledger over what is committed, fetches its digest, signs it "
        "with a key that the database server never sees, and appends it to the file of "
        "--anchor-file; with --anchor-command and --anchor-url it also goes elsewhere. What "
        "happens "
        "in the ledger before its digest is kept where the database's superuser cannot reach it "
        "holds against him, what happens after does not: run it often, from another machine.\n\n"
        "The ledger must be the one of the last line of the file: its block must be there with its "
        "hash, and a chain of blocks must lead from it to the newest. Exit code 5 means that it is "
        "not (fork, gap or old digest), and nothing was appended; 4 that the digest is in the file "
        "but was not delivered to the command or the URL.",
        "# A key, once; who verifies gets the public half\n"
        "(umask 077; openssl genpkey -algorithm ed25519 -out anchor.pem)\n"
        "openssl pkey -in anchor.pem -pubout -out anchor.pub\n"
        "# Every five minutes, by cron\n"
        "custody audit anchor --target=service=app --key-file=anchor.pem --anchor-file=anchors\n"
        "# Also to a store that cannot be changed\n"
        "custody audit anchor --target=service=app --key-file=anchor.pem --anchor-file=anchors "
        "--anchor-command='aws s3 cp - s3://anchors/$(date +%s)'\n"},
    CommandInfo{
        Command::audit_verify_bundle, "audit verify-bundle",
        "checks a bundle of evidence, without a database",
        "Reads what custody.export_evidence(), custody.event_proof() or custody.export_ledger() "
        "wrote (a file, or - for standard input) and computes every hash in it again, as "
        "docs/ledger-format.md says. Asks no server.\n\n"
        "Proven, exit code 0, means that the bundle is all that its header says, and that a digest "
        "of --digest or --anchor-file is of its last block or a later one. Exit code 5 means that "
        "something does not hold (refuted), with the line, or that there is no such digest "
        "(unproven): then it only agrees with itself.",
        "# Evidence for an organization, against the anchored digests\n"
        "psql -XAt service=app -c \"SELECT custody.export_evidence('$org', 1, 17)\" > bundle\n"
        "custody audit verify-bundle bundle --anchor-file=anchors --public-key=anchor.pub\n",
        "FILE"},
    CommandInfo{
        Command::audit_report, "audit report",
        "prints what is proven of the audit ledger, on one page",
        "Calls custody.attest(): verifies the ledger against the digests of --digest or "
        "--anchor-file, which tables are recorded and by which triggers, and that each recorded "
        "table has what its events tell. Prints the results with the ledger's newest block, the "
        "tables that are gaps or exempt, who changed what is recorded, and what no ledger covers. "
        "The result is kept in custody.audit_attestation.\n\n"
        "Exit code 0 means that all is proven; 5 that something is refuted, or unproven.",
        "# One page for the auditor, against the anchored digests\n"
        "custody audit report --target=service=app --anchor-file=anchors --public-key=anchor.pub "
        "--format=html -o ledger.html\n"},
};

constexpr const CommandInfo &info(Command command) {
    for (const auto &candidate : kCommands)
        if (candidate.command == command)
            return candidate;
    return kCommands.front();
}

/// What is true when a signal has stopped the command, and what to do then.
constexpr std::string_view when_stopped(Command command) {
    switch (command) {
    case Command::run:
        return "what is done is kept: run the same command again to go on";
    case Command::repair:
        return "what --apply has changed is kept: run the same command again for the rest";
    case Command::verify:
        return "no verdict is given: run the same command again, which takes finished tables from "
               "the file of --checkpoint, or else begins anew";
    case Command::abandon:
        return "the state of the migration is there still, or gone as a whole: run the same "
               "command again";
    case Command::audit_anchor:
        return "the digest is in the anchor file, or it is not: run the same command again";
    case Command::probe:
        return "no verdict is given and nothing is committed, but through --pooler a server "
               "connection may still have what was left on it under the name custody_probe: run "
               "the same command again, which begins anew";
    case Command::plan:
    case Command::status:
    case Command::compare:
    case Command::report:
    case Command::lint:
    case Command::token:
    case Command::audit_verify_bundle:
        break;
    case Command::audit_report:
        return "the attestation is kept in the database, or it is not: run the same command again";
    }
    return "nothing is concluded, and nothing was changed: run the same command again, which "
           "begins anew";
}

inline constexpr std::array<std::pair<int, std::string_view>, 9> kExitCodes{{
    {0, "done, and everything verified as equal"},
    {1, "wrong usage: command line, environment or configuration file"},
    {2, "a server could not be reached, or refused the login"},
    {3, "refused before the first write; the findings say why"},
    {4, "stopped half way, or an object failed; the same command resumes"},
    {5, "not all is equal, verified or proven; lint or probe found something"},
    {6, "the extension on the target and this program do not match"},
    {130, "stopped by SIGINT after a clean end; the same run or repair resumes"},
    {143, "stopped by SIGTERM after a clean end; the same run or repair resumes"},
}};

/// Environment besides the CUSTODY_* variables, which come from the option table.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kEnvironment{{
    {"PGHOST, PGPORT, PGDATABASE, PGUSER, ...",
     "defaults of libpq for what a connection string leaves out, on both sides"},
    {"PGPASSFILE, PGSERVICEFILE",
     "files with passwords (~/.pgpass) and named connections (~/.pg_service.conf)"},
    {"PGPASSWORD", "password for both sides; a password file keeps them apart"},
    {"NO_COLOR", "no colors, unless --color=always"},
}};

} // namespace custody::cli
