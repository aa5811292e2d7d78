#include "loader/cli/parse.hpp"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "loader/cli/command_line.hpp"
#include "loader/cli/config_file.hpp"
#include "loader/cli/help.hpp"
#include "loader/cli/values.hpp"
#include "loader/core/failpoint.hpp"

namespace custody::cli {
namespace {

Error no_command(const CommandLine &parser) {
    const std::string family = parser.family();
    if (family.empty())
        return usage("no command given", parser.hint());
    std::vector<std::string_view> members;
    for (const auto &command : kCommands)
        if (command.name.starts_with(family + " "))
            members.push_back(command.name);
    return usage(fmt::format("no command given after \"{}\"", family),
                 fmt::format("the commands are {}", fmt::join(members, ", ")));
}

/// What --help, --version and the like print; nothing when none of them was given.
std::optional<std::string> action(const Given &given, const CommandInfo *command) {
    for (const auto &[option, values] : given) {
        if (option->name == "help")
            return command ? command_help(*command) : program_help();
        if (option->name == "version")
            return version_line();
        if (option->name == "man")
            return man_page();
        if (option->name == "options-markdown")
            return options_markdown();
        if (option->name == "list-failpoints")
            return fmt::format("{}\n", fmt::join(kFailpoints, "\n"));
        if (option->name == "completion") {
            if (values.back() != "bash")
                throw usage(fmt::format("no completion for the shell \"{}\"", values.back()),
                            "write --completion=bash");
            return bash_completion();
        }
    }
    return std::nullopt;
}

void apply_environment(Options &options, const Environment &environment) {
    for (const auto &option : kOptions) {
        if (option.from == From::command_line)
            continue;
        const std::string name = option.environment();
        const char *value = environment(name.c_str());
        if (value == nullptr || *value == '\0')
            continue;
        // A condition may hold commas, so a variable holds one pair at most.
        const bool list = std::holds_alternative<std::vector<std::string> Options::*>(option.field);
        assign(options, option, list ? split_list(value) : std::vector<std::string>{value}, name);
    }
}

/// The file of the command line, else of the environment.
std::string config_path(const Given &given, const Environment &environment) {
    for (const auto &[option, values] : given)
        if (option->name == "config")
            return values.back();
    const char *value = environment("CUSTODY_CONFIG");
    return value != nullptr ? value : "";
}

bool is_given(const Given &given, std::string_view name) {
    return std::any_of(given.begin(), given.end(),
                       [&](const auto &entry) { return entry.first->name == name; });
}

/// Of two switches that exclude each other the one of the command line wins over the other one of
/// environment or file.
void nearer_wins(Options &options, const Given &given, std::string_view one, bool Options::*first,
                 std::string_view other, bool Options::*second) {
    const bool one_given = is_given(given, one) && options.*first;
    const bool other_given = is_given(given, other) && options.*second;
    if (one_given && other_given)
        throw usage(fmt::format("--{} and --{} exclude each other", one, other),
                    "give one of them");
    if (one_given)
        options.*second = false;
    if (other_given)
        options.*first = false;
}

void apply_command_line(Options &options, const Given &given, std::vector<std::string> &warnings) {
    bool password = false;
    for (const auto &[option, values] : given) {
        assign(options, *option, values, fmt::format("--{}", option->name));
        password |=
            (option->name == "source" || option->name == "target") && holds_password(values.back());
    }
    nearer_wins(options, given, "quiet", &Options::quiet, "verbose", &Options::verbose);
    nearer_wins(options, given, "json", &Options::json, "sarif", &Options::sarif);
    if (password)
        warnings.emplace_back("a password on the command line can be seen by every user of this "
                              "machine; use ~/.pgpass, a service file or PGPASSWORD");
}

void check_conninfo(const std::string &conninfo, std::string_view side) {
    char *message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(conninfo.c_str(), &message), &PQconninfoFree);
    // libpq's message quotes the string, which may hold a password.
    PQfreemem(message);
    // A plain word is a database name, as everywhere in PostgreSQL's programs.
    const bool word =
        conninfo.find('=') == std::string::npos && conninfo.find("://") == std::string::npos;
    if (!parsed && !word)
        throw usage(fmt::format("invalid connection string for --{}", side),
                    "write \"host=... dbname=... user=...\", \"service=...\" or "
                    "\"postgresql://user@host:port/dbname\", with special characters as %XX");
}

/// A connection string, also where only the name of a database was given.
std::string completed(const std::string &conninfo) {
    if (conninfo.empty() || conninfo.find('=') != std::string::npos ||
        conninfo.find("://") != std::string::npos)
        return conninfo;
    std::string quoted;
    for (const char c : conninfo) {
        if (c == '\'' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return fmt::format("dbname='{}'", quoted);
}

void check_repair(const Options &options) {
    if (options.apply && options.dry_run)
        throw usage("--apply and --dry-run exclude each other", "give one of them");
    if (options.command != Command::repair)
        return;
    const bool script = !options.apply && !options.dry_run;
    if (!script && !options.output.empty())
        throw usage("--output takes the script, which --apply and --dry-run do not write",
                    "leave --output out, or make a script first");
    if (script && options.json && options.output.empty())
        throw usage("the script and the JSON cannot both go to standard output",
                    "name a file for the script with --output");
    if (options.delete_extra && !options.row_filters.empty())
        throw usage("--delete and --where exclude each other",
                    "a row that meets the condition on the target only may be on the source "
                    "with other values: compare the whole table");
}

void check(const Options &options) {
    check_conninfo(options.source, "source");
    check_conninfo(options.target, "target");
    if (options.no_verify && options.final)
        throw usage("--no-verify and --final exclude each other",
                    "--final is a comparison: leave --no-verify out");
    check_repair(options);
    if (options.command == Command::lint && options.json && options.sarif)
        throw usage("--json and --sarif exclude each other",
                    "both are set by environment or configuration file: leave one out, or give "
                    "one on the command line");
    if (options.name.empty())
        throw usage("the name of the migration is empty", "leave --name out for \"default\"");
}

} // namespace

void require_connections(const Options &options) {
    for (const auto &[name, value] :
         {std::pair("source", options.source), std::pair("target", options.target)}) {
        const Option *option = find_option(name);
        const bool remembered = option->name == "source" && options.command == Command::verify &&
                                options.method == "stored";
        if (value.empty() && option->applies_to(options.command) && !remembered)
            throw usage(fmt::format("no {} given", name),
                        fmt::format("write --{0}=CONNINFO, set {1}, or write {0} in the file of "
                                    "--config",
                                    name, option->environment()));
    }
}

bool holds_password(const std::string &conninfo) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(conninfo.c_str(), nullptr), &PQconninfoFree);
    for (const auto *option = parsed.get(); option != nullptr && option->keyword; ++option)
        if (std::string_view(option->keyword).find("password") != std::string_view::npos &&
            option->val != nullptr && *option->val != '\0')
            return true;
    return false;
}

Parsed parse(int argc, const char *const *argv, const Environment &environment) {
    const Environment env = environment ? environment : [](const char *name) {
        return static_cast<const char *>(std::getenv(name));
    };
    CommandLine parser;
    parser.parse(argc, argv);
    const Given given = parser.given();

    Parsed result;
    result.print = action(given, parser.command());
    if (result.print)
        return result;
    if (parser.command() == nullptr)
        throw no_command(parser);

    Options &options = result.options;
    options.command = parser.command()->command;
    options.operand = parser.operand();
    if (const std::string path = config_path(given, env); !path.empty())
        read_config(path, options, result.warnings);
    apply_environment(options, env);
    apply_command_line(options, given, result.warnings);
    check(options);
    options.source = completed(options.source);
    options.target = completed(options.target);
    if (options.json)
        options.format = "json";
    return result;
}

} // namespace custody::cli
