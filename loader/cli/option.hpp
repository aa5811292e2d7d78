// What the table of options (option_table.hpp) says of each: for which commands it is, where it may
// be set, what it fills.
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
       Command::compare, Command::report, Command::abandon, Command::lint, Command::probe,
       Command::audit_anchor, Command::audit_report);
/// Those that end with a verdict or a result, a bundle's too.
inline constexpr Commands kTelling = kEvery | on(Command::audit_verify_bundle);
/// Those that need no server, too.
inline constexpr Commands kAll = kTelling | on(Command::token);
inline constexpr Commands kMoving = on(Command::plan, Command::run);
inline constexpr Commands kComparing =
    on(Command::plan, Command::run, Command::verify, Command::repair);
inline constexpr Commands kReading = kComparing | on(Command::compare);
/// Those that know migrations by name.
inline constexpr Commands kStateful = kEvery & ~on(Command::compare, Command::lint, Command::probe,
                                                   Command::audit_anchor, Command::audit_report);

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
    audit,
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
    case Group::audit:
        return "Audit options";
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
                                    Group::audit,        Group::output,    Group::other};

} // namespace custody::cli
