// The one table of options. The parser, --help, the man page, the completion and the table in
// docs/loader.md are all made from it, so none of them can disagree with another.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <variant>

#include "loader/cli/options.hpp"

namespace custody::cli {

/// A set of commands, one bit for each.
using Commands = unsigned;

constexpr Commands on(auto... commands) { return ((1U << static_cast<unsigned>(commands)) | ...); }

inline constexpr Commands kEvery =
    on(Command::plan, Command::run, Command::status, Command::verify, Command::repair,
       Command::compare, Command::report, Command::abandon, Command::lint, Command::probe);
/// Those that need no server, too.
inline constexpr Commands kAll = kEvery | on(Command::token);
inline constexpr Commands kMoving = on(Command::plan, Command::run);
inline constexpr Commands kComparing =
    on(Command::plan, Command::run, Command::verify, Command::repair);
inline constexpr Commands kReading = kComparing | on(Command::compare);
/// Those that know migrations by name.
inline constexpr Commands kStateful = kEvery & ~on(Command::compare, Command::lint, Command::probe);

/// Where an option may be set besides the command line.
enum class From { everywhere, environment, command_line };

enum class Group {
    connection,
    selection,
    copy,
    verification,
    repair,
    lint,
    probe,
    output,
    abandon,
    token,
    other
};

using Pairs = std::map<std::string, std::string>;

/// The member of Options that an option fills; its type decides how the text is read.
/// monostate = an action that prints something and ends (help, version, ...).
using Field =
    std::variant<std::monostate, bool Options::*, int Options::*, std::int64_t Options::*,
                 std::string Options::*, std::vector<std::string> Options::*, Pairs Options::*,
                 std::vector<Mapping> Options::*, std::optional<bool> Options::*>;

struct Option {
    std::string_view name;     // long name without dashes; also the key in the TOML file
    char letter;               // 0 = none
    std::string_view argument; // "" = a switch
    std::string_view fallback; // default as the user would write it; "" = none
    std::string_view choices;  // allowed words, separated by '|'; "" = any
    Group group;
    From from;
    Commands commands;
    Field field;
    std::string_view help;
    bool hidden = false;
    bool may_be_zero = false; // of a number

    constexpr bool is_switch() const { return argument.empty(); }
    constexpr bool repeats() const {
        return std::holds_alternative<std::vector<std::string> Options::*>(field) ||
               std::holds_alternative<Pairs Options::*>(field) ||
               std::holds_alternative<std::vector<Mapping> Options::*>(field);
    }
    constexpr bool applies_to(Command command) const { return (commands & on(command)) != 0; }
    /// CUSTODY_MAX_RATE for max-rate; "" where the environment is not read.
    std::string environment() const {
        if (from == From::command_line)
            return "";
        std::string text = "CUSTODY_" + std::string(name);
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
            return c == '-' ? '_' : static_cast<char>(std::toupper(c));
        });
        return text;
    }
};

inline constexpr std::array kOptions{
    Option{"source", 0, "CONNINFO", "", "", Group::connection, From::everywhere, kReading,
           &Options::source,
           "database to read: a libpq connection string or URI; nothing is written there"},
    Option{
        "target", 0, "CONNINFO", "", "", Group::connection, From::everywhere, kEvery,
        &Options::target,
        "database to fill, with the extension custody; the state of the migration is kept there"},
    Option{"name", 0, "NAME", "default", "", Group::connection, From::everywhere, kStateful,
           &Options::name, "name of the migration; a target may hold several"},
    Option{"config", 'c', "FILE", "", "", Group::connection, From::environment, kEvery,
           &Options::config, "TOML file with these settings and those of single tables"},

    Option{"schema", 'n', "PATTERN", "", "", Group::selection, From::everywhere, kReading,
           &Options::schemas, "only the schemas that match the shell pattern"},
    Option{"exclude-schema", 'N', "PATTERN", "", "", Group::selection, From::everywhere, kReading,
           &Options::exclude_schemas, "not the schemas that match the shell pattern"},
    Option{"table", 't', "PATTERN", "", "", Group::selection, From::everywhere, kReading,
           &Options::tables,
           "only the tables that match; a pattern without a dot matches in every schema"},
    Option{"exclude-table", 'T', "PATTERN", "", "", Group::selection, From::everywhere, kReading,
           &Options::exclude_tables, "not the tables that match"},
    Option{"where", 0, "TABLE=CONDITION", "", "", Group::selection, From::environment, kComparing,
           &Options::row_filters,
           "move or compare only the rows of the table that meet the SQL condition"},
    Option{"map", 0, "NAME=NAME", "", "", Group::selection, From::environment, kReading,
           &Options::mappings,
           "other name on the target: app=crm for a schema, app.calls=crm.call for a table"},
    Option{"cast", 0, "COLUMN=TYPE", "", "", Group::selection, From::environment, kComparing,
           &Options::casts,
           "cast schema.table.column to another type; rows that do not survive are counted"},

    Option{"ignore", 0, "PATTERN", "", "", Group::selection, From::everywhere, on(Command::compare),
           &Options::ignore,
           "a difference that does not count: kind:name:property, as in index:public.*:comment"},

    Option{"jobs", 'j', "NUM", "4", "", Group::copy, From::everywhere, kComparing, &Options::jobs,
           "tables and parts of tables to copy at the same time"},
    Option{"index-jobs", 0, "NUM", "0", "", Group::copy, From::everywhere, kMoving,
           &Options::index_jobs,
           "indexes and constraints to build at the same time; 0 means as many as --jobs"},
    Option{"max-rate", 0, "RATE", "0", "", Group::copy, From::everywhere,
           on(Command::run, Command::verify, Command::repair), &Options::max_rate,
           "most bytes per second to read from the source, as in 50MB; 0 means no limit"},
    Option{"wait", 0, "SECONDS", "60", "", Group::copy, From::everywhere,
           on(Command::run, Command::verify, Command::repair), &Options::wait,
           "how long to wait for a server that went away before the run stops, resumable"},
    Option{"part-size", 0, "SIZE", "256MB", "", Group::copy, From::everywhere, kMoving,
           &Options::part_size, "a larger table is copied in parts of this size"},
    Option{"no-schema", 0, "", "", "", Group::copy, From::everywhere, kMoving, &Options::no_schema,
           "copy rows into tables that exist on the target; create nothing"},
    Option{"no-owner", 'O', "", "", "", Group::copy, From::everywhere, kMoving, &Options::no_owner,
           "do not set the owners of objects"},
    Option{"no-privileges", 'x', "", "", "", Group::copy, From::everywhere, kMoving,
           &Options::no_privileges, "do not grant or revoke"},
    Option{"roles", 0, "", "", "", Group::copy, From::everywhere, kMoving, &Options::roles,
           "create the roles that the target lacks, without passwords"},
    Option{"truncate-target", 0, "", "", "", Group::copy, From::everywhere, kMoving,
           &Options::truncate_target, "empty target tables that hold rows; without it they block"},

    Option{"no-verify", 0, "", "", "", Group::verification, From::everywhere, kMoving,
           &Options::no_verify, "do not compare digests; the run ends as unverified, exit code 5"},
    Option{"no-count", 0, "", "", "", Group::verification, From::everywhere, kMoving,
           &Options::no_count,
           "do not count the rows of the source independently; the verdict says so"},
    Option{"final", 0, "", "", "", Group::verification, From::everywhere, on(Command::run),
           &Options::final, "compare once more with writers stopped, for the cut-over"},

    Option{"method", 0, "METHOD", "auto", "auto|stored|extension|sql|stream", Group::verification,
           From::everywhere, on(Command::verify), &Options::method,
           "where digests come from: auto (the extension where it is, else a stream), stored (what "
           "the migration recorded of the source), extension, sql (plain SQL where the extension "
           "is not) or stream (all rows travel)"},
    Option{"profile", 0, "PROFILE", "", "fast|sql|evidence", Group::verification, From::everywhere,
           on(Command::verify), &Options::profile,
           "kind of digest: fast, sql (can be computed by plain SQL) or evidence (holds against "
           "forgery; extension on both sides); by default what the method needs"},
    Option{"checkpoint", 0, "FILE", "", "", Group::verification, From::command_line,
           on(Command::verify), &Options::checkpoint,
           "keep finished tables in the file, and take them from it when the command is run again"},
    Option{"differences", 0, "NUM", "20", "", Group::verification, From::everywhere,
           on(Command::verify), &Options::differences,
           "name this many of the rows that differ in a table, with the columns; the rest is "
           "counted; 0 reads no values at all",
           false, true},
    Option{"redact", 0, "", "", "", Group::verification, From::everywhere, on(Command::verify),
           &Options::redact,
           "show no values of rows, keys included: rows are told by their ctid, columns by name"},
    Option{"no-drill-down", 0, "", "", "", Group::verification, From::everywhere,
           on(Command::verify), &Options::no_drill_down,
           "compare digests only; do not look for the rows that differ"},
    Option{"recheck", 0, "SECONDS", "5", "", Group::verification, From::everywhere,
           on(Command::verify, Command::repair), &Options::recheck,
           "look at differences again after this time when either side was written to", false,
           true},
    Option{"rechecks", 0, "NUM", "3", "", Group::verification, From::everywhere,
           on(Command::verify, Command::repair), &Options::rechecks,
           "how often to look again at differences that keep changing; 0 means not at all", false,
           true},

    Option{"apply", 0, "", "", "", Group::repair, From::command_line, on(Command::repair),
           &Options::apply, "make the changes on the target, and compare again what was changed"},
    Option{"delete", 0, "", "", "", Group::repair, From::command_line, on(Command::repair),
           &Options::delete_extra, "also delete the rows that only the target has"},
    Option{"batch-rows", 0, "ROWS", "1000", "", Group::repair, From::everywhere,
           on(Command::repair), &Options::batch_rows, "rows that one transaction changes"},

    Option{"org-column", 0, "NAME", "", "", Group::lint, From::everywhere, on(Command::lint),
           &Options::org_column,
           "column that names the organization, in tables that custody.protection does not hold"},
    Option{"fail-on", 0, "LEVEL", "error", "error|warning|info", Group::lint, From::everywhere,
           on(Command::lint), &Options::fail_on, "least level of a finding for exit code 5"},
    Option{"sarif", 0, "", "", "", Group::lint, From::everywhere, on(Command::lint),
           &Options::sarif, "print the findings as SARIF 2.1.0; excludes --json"},

    Option{"role-conninfo", 0, "CONNINFO", "", "", Group::probe, From::everywhere,
           on(Command::probe), &Options::role_conninfo,
           "how the application logs in: the role that is probed"},
    Option{"pooler", 0, "CONNINFO", "", "", Group::probe, From::everywhere, on(Command::probe),
           &Options::pooler, "how it logs in through the pooler"},
    Option{
        "set-role", 0, "ROLE", "", "", Group::probe, From::everywhere, on(Command::probe),
        &Options::set_role,
        "role that it becomes in each transaction (SET LOCAL ROLE), where that is another one than "
        "it logs in as"},
    Option{"enter", 0, "SQL", "", "", Group::probe, From::everywhere, on(Command::probe),
           &Options::enter,
           "statement by which the application enters organization $1; without it a token is made "
           "with --key-file and --kid"},
    Option{"on-clone", 0, "", "", "", Group::probe, From::command_line, on(Command::probe),
           &Options::on_clone, "the database is a copy: run triggers and definer functions, too"},

    Option{"drop-rows", 0, "", "", "", Group::abandon, From::command_line, on(Command::abandon),
           &Options::drop_rows, "also empty the tables that the run has filled"},

    Option{"key-file", 0, "FILE", "", "", Group::token, From::environment,
           on(Command::token, Command::probe), &Options::key_file,
           "key that signs: an Ed25519 private key in PEM, or a file of symmetric keys"},
    Option{"kid", 0, "NAME", "", "", Group::token, From::environment,
           on(Command::token, Command::probe), &Options::kid,
           "name of the key, as the database knows it"},
    Option{"database-id", 0, "UUID", "", "", Group::token, From::environment, on(Command::token),
           &Options::database_id, "database the token is for: what custody.database_id() returns"},
    Option{"org", 0, "ORG", "", "", Group::token, From::command_line, on(Command::token),
           &Options::orgs,
           "organization; several make a token for all of them, none one for the user only"},
    Option{"org-type", 0, "TYPE", "uuid", "uuid|bigint|text", Group::token, From::environment,
           on(Command::token), &Options::org_type, "type of the organizations"},
    Option{"user", 0, "USER", "", "", Group::token, From::command_line,
           on(Command::token, Command::probe), &Options::user, "user the token is for"},
    Option{"role", 0, "ROLE", "", "", Group::token, From::command_line, on(Command::token),
           &Options::role, "the user's role in the organization"},
    Option{"lifetime", 0, "SECONDS", "300", "", Group::token, From::environment, on(Command::token),
           &Options::lifetime, "seconds until the token expires"},
    Option{"nonce", 0, "TEXT", "", "", Group::token, From::command_line, on(Command::token),
           &Options::nonce, "challenge that the token answers: what custody.challenge() returned"},
    Option{"claims", 0, "JSON", "", "", Group::token, From::command_line, on(Command::token),
           &Options::claims, "JSON object that custody.current_claims() returns"},
    Option{
        "new-key", 0, "ALGORITHM", "", "ed25519|hmac|hs256", Group::token, From::command_line,
        on(Command::token), &Options::new_key,
        "make a key instead: ed25519 (the private half goes to --output), hmac, or hs256 for JWTs"},

    Option{"dry-run", 0, "", "", "", Group::output, From::command_line,
           on(Command::run, Command::verify, Command::repair, Command::abandon), &Options::dry_run,
           "print what would be done and write nothing"},
    Option{"json", 0, "", "", "", Group::output, From::everywhere, kEvery, &Options::json,
           "print the result as JSON on standard output"},
    Option{"format", 0, "FORMAT", "text", "text|json|html", Group::output, From::environment,
           on(Command::report, Command::compare), &Options::format,
           "how to print the report: text, json or html"},
    Option{"output", 'o', "FILE", "", "", Group::output, From::command_line,
           on(Command::report, Command::compare, Command::repair, Command::lint, Command::token,
              Command::probe),
           &Options::output, "write to the file instead of standard output"},
    Option{"report-directory", 0, "DIRECTORY", "", "", Group::output, From::everywhere,
           on(Command::run, Command::verify), &Options::report_directory,
           "write report.json and report.html into the directory"},
    Option{"color", 0, "WHEN", "auto", "auto|always|never", Group::output, From::everywhere, kAll,
           &Options::color,
           "colors: auto (on a terminal, unless NO_COLOR is set), always or never"},
    Option{"quiet", 'q', "", "", "", Group::output, From::everywhere, kAll, &Options::quiet,
           "no progress; only warnings, errors and the result"},
    Option{"verbose", 'v', "", "", "", Group::output, From::everywhere, kAll, &Options::verbose,
           "say on standard error what is being done"},

    Option{"version",
           'V',
           "",
           "",
           "",
           Group::other,
           From::command_line,
           kAll,
           {},
           "print the version and exit"},
    Option{"help",
           '?',
           "",
           "",
           "",
           Group::other,
           From::command_line,
           kAll,
           {},
           "print this help and exit"},
    Option{"man",
           0,
           "",
           "",
           "",
           Group::other,
           From::command_line,
           0,
           {},
           "print the manual page and exit: custody --man | man -l -"},
    Option{"completion",
           0,
           "SHELL",
           "",
           "bash",
           Group::other,
           From::command_line,
           0,
           {},
           "print the completion script for the shell (bash) and exit"},
    Option{"options-markdown",
           0,
           "",
           "",
           "",
           Group::other,
           From::command_line,
           0,
           {},
           "print the table of options for the documentation and exit",
           true},
    Option{"list-failpoints",
           0,
           "",
           "",
           "",
           Group::other,
           From::command_line,
           0,
           {},
           "print the names of the failpoints and exit",
           true},
};

constexpr std::string_view group_title(Group group) {
    switch (group) {
    case Group::connection:
        return "Connection options";
    case Group::selection:
        return "What to move";
    case Group::copy:
        return "How to copy";
    case Group::verification:
        return "Verification options";
    case Group::repair:
        return "Repair options";
    case Group::lint:
        return "Lint options";
    case Group::probe:
        return "Probe options";
    case Group::abandon:
        return "Abandon options";
    case Group::token:
        return "Token options";
    case Group::output:
        return "Output options";
    case Group::other:
        return "Other options";
    }
    return "";
}

inline constexpr std::array kGroups{Group::connection,   Group::selection, Group::copy,
                                    Group::verification, Group::repair,    Group::lint,
                                    Group::probe,        Group::abandon,   Group::token,
                                    Group::output,       Group::other};

/// nullptr when there is no such option.
constexpr const Option *find_option(std::string_view name) {
    for (const auto &option : kOptions)
        if (option.name == name)
            return &option;
    return nullptr;
}

} // namespace custody::cli
