#include "loader/cli/parse.hpp"

#include <cstdlib>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <libpq-fe.h>

#include "loader/cli/commands.hpp"
#include "loader/cli/config_file.hpp"
#include "loader/cli/help.hpp"
#include "loader/cli/names.hpp"
#include "loader/cli/values.hpp"
#include "loader/core/error.hpp"
#include "loader/core/failpoint.hpp"

namespace custody::cli {
namespace {

using Given = std::vector<std::pair<const Option *, std::vector<std::string>>>;

Error usage(const std::string &message, const std::string &hint) {
    return {Exit::usage, "usage", message, {}, hint};
}

/// The flags of an option in CLI11's notation: "-j,--jobs".
std::string flags(const Option &option) {
    const std::string name = fmt::format("--{}", option.name);
    return option.letter != 0 ? fmt::format("-{},{}", option.letter, name) : name;
}

/// One CLI11 application per command, and one for what stands before the command.
class Parser {
  public:
    Parser() {
        prepare(app_, nullptr);
        app_.require_subcommand(0, 1);
        for (const auto &command : kCommands)
            prepare(*app_.add_subcommand(std::string(command.name)), &command);
    }

    void parse(int argc, const char *const *argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ArgumentMismatch &error) {
            throw usage(lowercase(error.what()), hint());
        } catch (const CLI::ParseError &error) {
            throw usage(lowercase(error.what()), hint());
        }
        for (const auto &command : kCommands)
            if (app_.got_subcommand(std::string(command.name)))
                command_ = &command;
        if (const auto extras = app_.remaining(true); !extras.empty())
            reject(extras.front());
    }

    const CommandInfo *command() const { return command_; }

    /// What was given on the command line, in the order of the table.
    Given given() {
        Given result;
        CLI::App &app = command_ ? *app_.get_subcommand(std::string(command_->name)) : app_;
        for (const auto &option : kOptions) {
            const auto *parsed = app.get_option_no_throw(fmt::format("--{}", option.name));
            if (parsed != nullptr && parsed->count() > 0)
                result.emplace_back(&option, parsed->results());
        }
        return result;
    }

    std::string hint() const {
        return command_ ? fmt::format("try \"custody {} --help\"", command_->name)
                        : "try \"custody --help\"";
    }

  private:
    static void prepare(CLI::App &app, const CommandInfo *command) {
        app.set_help_flag();
        app.allow_extras();
        for (const auto &option : kOptions) {
            const bool wanted = command != nullptr ? option.applies_to(command->command)
                                                   : option.group == Group::other;
            if (!wanted)
                continue;
            if (option.is_switch())
                app.add_flag(flags(option))->take_last();
            else if (option.repeats())
                app.add_option(flags(option))->expected(1)->take_all();
            else
                app.add_option(flags(option))->expected(1)->take_last();
        }
    }

    /// CLI11's messages start with "--jobs" or a capital letter.
    static std::string lowercase(std::string text) {
        if (!text.empty())
            text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
        while (!text.empty() && (text.back() == '.' || text.back() == '\n'))
            text.pop_back();
        return text;
    }

    [[noreturn]] void reject(const std::string &word) const {
        if (!word.starts_with('-'))
            reject_word(word);
        // The value of a mistyped --source may hold a password: only the name is shown.
        const std::string shown = word.substr(0, word.starts_with("--") ? word.find('=') : 2);
        const std::string name = shown.substr(std::min(shown.find_first_not_of('-'), shown.size()));
        std::vector<std::string> known;
        for (const auto &option : kOptions) {
            const bool same = name == option.name ||
                              (shown.size() == 2 && option.letter != 0 && name[0] == option.letter);
            if (same &&
                (command_ == nullptr ? option.commands != 0 : option.applies_to(command_->command)))
                throw usage(fmt::format("option {} stands before the command", shown),
                            fmt::format("write it after the command, as in \"custody {} {}\"",
                                        command_ ? command_->name : "run", shown));
            if (same)
                throw usage(fmt::format("option {} does not apply to \"custody {}\"", shown,
                                        command_ ? command_->name : ""),
                            hint());
            if (!option.hidden && (command_ == nullptr || option.applies_to(command_->command)))
                known.emplace_back(option.name);
        }
        const std::string meant = shown == "-h" ? "help" : nearest(name, known);
        throw usage(fmt::format("unknown option {}", shown),
                    meant.empty() ? hint() : fmt::format("did you mean --{}?", meant));
    }

    [[noreturn]] void reject_word(const std::string &word) const {
        if (word.find("://") != std::string::npos || word.find('=') != std::string::npos)
            throw usage("a connection string stands where none is expected",
                        "write --source=... or --target=...");
        std::vector<std::string> known;
        for (const auto &command : kCommands)
            known.emplace_back(command.name);
        if (command_ != nullptr)
            throw usage(
                fmt::format("unexpected argument \"{}\" after \"{}\"", word, command_->name),
                hint());
        const std::string meant = nearest(word, known);
        throw usage(fmt::format("unknown command \"{}\"", word),
                    meant.empty() ? fmt::format("the commands are {}", fmt::join(known, ", "))
                                  : fmt::format("did you mean \"{}\"?", meant));
    }

    CLI::App app_;
    const CommandInfo *command_ = nullptr;
};

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
    Parser parser;
    parser.parse(argc, argv);
    const Given given = parser.given();

    Parsed result;
    result.print = action(given, parser.command());
    if (result.print)
        return result;
    if (parser.command() == nullptr)
        throw usage("no command given", parser.hint());

    Options &options = result.options;
    options.command = parser.command()->command;
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
