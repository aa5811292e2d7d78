#include "loader/cli/help.hpp"

#include <fmt/format.h>

#include "loader/core/append.hpp"

namespace custody::cli {
namespace {

constexpr std::size_t kWidth = 79;
constexpr std::size_t kColumn = 31; // where the sentences start

/// Each line of a text with its indentation; empty lines stay empty.
std::string paragraphs(std::string_view text, std::size_t indent) {
    std::string result;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        if (!line.empty())
            result += std::string(indent, ' ') + wrapped(line, kWidth - indent, indent);
        result += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

void print_options(std::string &text, bool (*wanted)(const Option &, Command), Command command) {
    for (const Group group : kGroups) {
        bool first = true;
        for (const auto &option : kOptions) {
            if (option.group != group || option.hidden || !wanted(option, command))
                continue;
            if (first)
                append(text, "\n{}:\n", group_title(group));
            first = false;
            std::string help(option.help);
            if (!option.fallback.empty() && option.fallback != "0")
                help += fmt::format(" (default: {})", option.fallback);
            const std::string label = "  " + option_label(option);
            const bool own_line = label.size() >= kColumn - 1;
            append(text, "{:<{}}{}{}\n", label, own_line ? 0 : kColumn,
                   own_line ? "\n" + std::string(kColumn, ' ') : "",
                   wrapped(help, kWidth - kColumn, kColumn));
        }
    }
}

void print_exit_codes(std::string &text) {
    append(text, "\nExit codes:\n");
    for (const auto &[code, meaning] : kExitCodes)
        append(text, "  {:>3}  {}\n", code, meaning);
}

void print_environment(std::string &text) {
    append(text, "\nEnvironment and file:\n{}",
           paragraphs("Most options are also read from the environment (CUSTODY_MAX_RATE "
                      "for --max-rate; lists are separated by commas) and from the file "
                      "of --config (max-rate = \"50MB\"). The command line wins, then the "
                      "environment, then the file.",
                      2));
    for (const auto &[name, meaning] : kEnvironment)
        append(text, "  {}\n      {}\n", name, wrapped(meaning, kWidth - 6, 6));
}

/// Not broken into lines: they are there to be copied.
void print_examples(std::string &text, std::string_view examples) {
    while (!examples.empty()) {
        const auto end = examples.find('\n');
        append(text, "  {}\n", examples.substr(0, end));
        examples.remove_prefix(end + 1);
    }
}

} // namespace

std::string option_label(const Option &option) {
    std::string label = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "    ";
    label += fmt::format("--{}", option.name);
    if (!option.is_switch())
        label += fmt::format("={}", option.argument);
    return label;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
    std::string result;
    std::size_t column = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        if (column > 0 && column + 1 + word.size() > width) {
            result += "\n" + std::string(indent, ' ');
            column = 0;
        } else if (column > 0) {
            result += ' ';
            ++column;
        }
        result += word;
        column += word.size();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::string version_line() { return "custody " CUSTODY_VERSION "\n"; }

std::string program_help() {
    std::string text = "custody moves a PostgreSQL database to another server and proves that it "
                       "arrived.\n\nUsage:\n  custody COMMAND [OPTION]...\n\nCommands:\n";
    for (const auto &command : kCommands)
        append(text, "  {:<19} {}\n", command.name, command.summary);
    print_options(
        text, [](const Option &option, Command) { return option.group == Group::other; },
        Command::run);
    append(text, "\nExamples:\n");
    for (const Command command : {Command::plan, Command::run}) {
        const std::string_view examples = info(command).examples;
        print_examples(text, examples.substr(0, examples.find('#', 1)));
    }
    print_exit_codes(text);
    text += "\nTry \"custody COMMAND --help\" for the options of a command.\n";
    return text;
}

std::string command_help(const CommandInfo &command) {
    std::string text = fmt::format("custody {} {}.\n\nUsage:\n  custody {}{}{} [OPTION]...\n\n",
                                   command.name, command.summary, command.name,
                                   command.operand.empty() ? "" : " ", command.operand);
    text += paragraphs(command.description, 0);
    print_options(
        text, [](const Option &option, Command wanted) { return option.applies_to(wanted); },
        command.command);
    append(text, "\nExamples:\n");
    print_examples(text, command.examples);
    print_environment(text);
    print_exit_codes(text);
    return text;
}

} // namespace custody::cli
