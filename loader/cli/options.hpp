// What the user asked for, after command line, environment and TOML file were merged.
// Plain values; main() owns one and hands it out as const.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace custody::cli {

enum class Command {
    plan,
    run,
    status,
    verify,
    repair,
    compare,
    report,
    abandon,
    lint,
    token,
    probe,
    audit_anchor,
    audit_verify_bundle,
    audit_report
};

/// Another place on the target: "schema" or "schema.table" on both sides. Names are as the user
/// wrote them; split_name() (names.hpp) takes them apart, double quotes honoured.
struct Mapping {
    std::string from;
    std::string to;
    bool operator==(const Mapping &) const = default;
};

struct Options {
    Command command = Command::run;

    std::string source; // conninfo or URI, untouched; empty = libpq's defaults and environment
    std::string target;
    std::string name = "default"; // of the migration; several may live in one target
    std::string config;           // TOML file

    // Selection: shell patterns; a table pattern without a dot matches in any schema.
    std::vector<std::string> schemas;
    std::vector<std::string> tables;
    std::vector<std::string> exclude_schemas;
    std::vector<std::string> exclude_tables;
    // Keys of the two maps are plain names joined by dots, without quotes.
    std::map<std::string, std::string> row_filters; // schema.table -> SQL condition
    std::vector<Mapping> mappings;
    std::map<std::string, std::string> casts; // schema.table.column -> type, an explicit choice

    int jobs = 4;
    int index_jobs = 0;                 // 0 = as jobs
    std::int64_t max_rate = 0;          // bytes per second over all workers, 0 = no limit
    int wait = 60;                      // seconds for a server that went away
    std::int64_t part_size = 256 << 20; // bytes; a larger table is split into parts of this size

    bool no_schema = false;
    bool no_owner = false;
    bool no_privileges = false;
    bool roles = false;           // create missing roles, without passwords
    bool truncate_target = false; // target tables may hold rows: they are emptied
    bool no_verify = false;
    bool no_count = false; // no independent count(*) on the source
    bool final = false;    // compare once more with writers stopped
    // How `custody verify` has the digests of each side: auto, stored, extension, sql or stream.
    std::string method = "auto";
    std::string profile;        // fast, sql or evidence; empty = as the method has it
    std::string checkpoint;     // file that keeps finished tables of a verification; empty = none
    int differences = 20;       // rows that differ to name per table; 0 = only counts
    int recheck = 5;            // seconds until differences are looked at again
    int rechecks = 3;           // how often
    bool redact = false;        // no values of rows in any output
    bool no_drill_down = false; // only digests: no rows are looked for

    bool apply = false;             // repair: change the target instead of writing a script
    bool delete_extra = false;      // repair: also delete rows that only the target has
    std::int64_t batch_rows = 1000; // repair: rows of a transaction

    bool drop_rows = false; // abandon: also empty the tables the run had filled

    // probe: where it logs in, and how the application enters a context.
    std::string role_conninfo;
    std::string pooler;    // the same role through the pooler; empty = none
    std::string set_role;  // whom it becomes in each transaction; empty = it stays who logged in
    std::string enter;     // statement with $1 for the org; empty = custody.enter() with a token
    bool on_clone = false; // triggers and definer functions run

    // token: what it says, and the key it is signed with.
    std::string key_file;
    std::string kid;
    std::string database_id;
    std::vector<std::string> orgs;
    std::string org_type = "uuid";
    std::string user;
    std::string role;
    std::int64_t lifetime = 300; // seconds
    std::string nonce;
    std::string claims;
    std::string new_key; // ed25519, hmac or hs256: make a key, mint nothing; empty = mint

    bool dry_run = false;
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    std::optional<bool> color;       // none = by terminal and NO_COLOR
    std::vector<std::string> ignore; // compare: kind:name:property, shell patterns
    std::string report_directory;    // where report.json and report.html go; empty = none
    std::string format = "text";     // of `custody report` and `compare`: text, json or html
    std::string org_column;          // lint: org column of tables that custody does not know
    std::string fail_on = "error";   // lint: least level that counts: error, warning or info
    bool sarif = false;              // lint: print SARIF
    // audit: digests outside of the database, and where they go.
    std::string digest;         // file with one or more
    std::string anchor_file;    // with signed ones, a line each
    std::string public_key;     // file with the key that they are signed with
    std::string anchor_command; // gets the line on its standard input; empty = none
    std::string anchor_url;     // gets it by POST; may hold secrets; empty = none

    std::string operand; // of a command that takes one, a file
    std::string output;  // file for the result; empty = stdout
};

} // namespace custody::cli
