#include "loader/cli/command_line.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/cli/names.hpp"

namespace custody::cli {
namespace {

/// The flags of an option in CLI11's notation: "-j,--jobs".
std::string flags(const Option &option) {
    const std::string name = fmt::format("--{}", option.name);
    return option.letter != 0 ? fmt::format("-{},{}", option.letter, name) : name;
}

} // namespace

Error usage(const std::string &message, const std::string &hint) {
    return {Exit::usage, "usage", message, {}, hint};
}

CommandLine::CommandLine() {
    prepare(app_, nullptr);
    app_.require_subcommand(0, 1);
    for (const auto &command : kCommands)
        prepare(*add(command.name), &command);
}

void CommandLine::parse(int argc, const char *const *argv) {
    try {
        app_.parse(argc, argv);
    } catch (const CLI::ArgumentMismatch &error) {
        // Only values can be missing: of values too many the last counts.
        const std::string text = error.what();
        find_command();
        throw usage(fmt::format("{} needs a value", text.substr(0, text.find(':'))), hint());
    } catch (const CLI::ParseError &error) {
        find_command();
        throw usage(lowercase(error.what()), hint());
    }
    find_command();
    if (const auto extras = app_.remaining(true); !extras.empty())
        reject(extras.front());
}

Given CommandLine::given() {
    Given result;
    const CLI::App &app = *chosen();
    for (const auto &option : kOptions) {
        const auto *parsed = app.get_option_no_throw(fmt::format("--{}", option.name));
        if (parsed != nullptr && parsed->count() > 0)
            result.emplace_back(&option, parsed->results());
    }
    return result;
}

std::string CommandLine::operand() const {
    if (command_->operand.empty())
        return "";
    const auto *parsed = find(command_->name)->get_option(std::string(command_->operand));
    if (parsed->count() == 0)
        throw usage(fmt::format("no {} given", command_->operand),
                    fmt::format("write \"custody {} {}\"", command_->name, command_->operand));
    return parsed->results().front();
}

std::string CommandLine::family() const {
    const auto given = app_.get_subcommands();
    return command_ != nullptr || given.empty() ? "" : given.front()->get_name();
}

void CommandLine::find_command() {
    for (const auto &command : kCommands)
        if (find(command.name)->parsed())
            command_ = &command;
}

std::string CommandLine::hint() const {
    return command_ ? fmt::format("try \"custody {} --help\"", command_->name)
                    : "try \"custody --help\"";
}

CLI::App *CommandLine::add(std::string_view name) {
    const auto space = name.find(' ');
    if (space == std::string_view::npos)
        return app_.add_subcommand(std::string(name));
    const std::string first(name.substr(0, space));
    CLI::App *&family = families_[first];
    if (family == nullptr) {
        family = app_.add_subcommand(first);
        prepare(*family, nullptr);
        family->require_subcommand(0, 1);
    }
    return family->add_subcommand(std::string(name.substr(space + 1)));
}

const CLI::App *CommandLine::find(std::string_view name) const {
    const CLI::App *app = &app_;
    for (std::string_view rest = name; !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        app = app->get_subcommand(std::string(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return app;
}

const CLI::App *CommandLine::chosen() const {
    return find(command_ != nullptr ? command_->name : std::string_view(family()));
}

void CommandLine::prepare(CLI::App &app, const CommandInfo *command) {
    app.set_help_flag();
    app.allow_extras();
    for (const auto &option : kOptions) {
        const bool wanted =
            command != nullptr ? option.applies_to(command->command) : option.group == Group::other;
        if (!wanted)
            continue;
        if (option.is_switch())
            app.add_flag(flags(option))->take_last();
        else if (option.repeats())
            app.add_option(flags(option))->expected(1)->take_all();
        else
            app.add_option(flags(option))->expected(1)->take_last();
    }
    if (command != nullptr && !command->operand.empty())
        app.add_option(std::string(command->operand))->expected(1);
}

std::string CommandLine::lowercase(std::string text) {
    if (!text.empty())
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    while (!text.empty() && (text.back() == '.' || text.back() == '\n'))
        text.pop_back();
    return text;
}

void CommandLine::reject(const std::string &word) const {
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

void CommandLine::reject_word(const std::string &word) const {
    if (word.find("://") != std::string::npos || word.find('=') != std::string::npos)
        throw usage("a connection string stands where none is expected",
                    "write --source=... or --target=...");
    if (command_ != nullptr)
        throw usage(fmt::format("unexpected argument \"{}\" after \"{}\"", word, command_->name),
                    hint());
    const std::string first = family();
    const std::string whole = first.empty() ? word : first + " " + word;
    std::vector<std::string> known;
    for (const auto &command : kCommands)
        if (first.empty() || command.name.starts_with(first + " "))
            known.emplace_back(command.name);
    const std::string meant = nearest(whole, known);
    throw usage(fmt::format("unknown command \"{}\"", whole),
                meant.empty() ? fmt::format("the commands are {}", fmt::join(known, ", "))
                              : fmt::format("did you mean \"{}\"?", meant));
}

} // namespace custody::cli
