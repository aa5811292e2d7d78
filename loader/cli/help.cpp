#include "loader/cli/help.hpp"

#include <iterator>

#include <fmt/format.h>

namespace custody::cli {
namespace {

constexpr std::size_t kWidth = 79;
constexpr std::size_t kColumn = 31; // where the sentences start
using Out = std::back_insert_iterator<std::string>;

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

void print_options(Out out, bool (*wanted)(const Option &, Command), Command command) {
    for (const Group group : kGroups) {
        bool first = true;
        for (const auto &option : kOptions) {
            if (option.group != group || option.hidden || !wanted(option, command))
                continue;
            if (first)
                fmt::format_to(out, "\n{}:\n", group_title(group));
            first = false;
            std::string help(option.help);
            if (!option.fallback.empty() && option.fallback != "0")
                help += fmt::format(" (default: {})", option.fallback);
            const std::string label = "  " + option_label(option);
            const bool own_line = label.size() >= kColumn - 1;
            fmt::format_to(out, "{:<{}}{}{}\n", label, own_line ? 0 : kColumn,
                           own_line ? "\n" + std::string(kColumn, ' ') : "",
                           wrapped(help, kWidth - kColumn, kColumn));
        }
    }
}

void print_exit_codes(Out out) {
    fmt::format_to(out, "\nExit codes:\n");
    for (const auto &[code, meaning] : kExitCodes)
        fmt::format_to(out, "  {:>3}  {}\n", code, meaning);
}

void print_environment(Out out) {
    fmt::format_to(out, "\nEnvironment and file:\n{}",
                   paragraphs("Most options are also read from the environment (CUSTODY_MAX_RATE "
                              "for --max-rate; lists are separated by commas) and from the file "
                              "of --config (max-rate = \"50MB\"). The command line wins, then the "
                              "environment, then the file.",
                              2));
    for (const auto &[name, meaning] : kEnvironment)
        fmt::format_to(out, "  {}\n      {}\n", name, wrapped(meaning, kWidth - 6, 6));
}

/// Not broken into lines: they are there to be copied.
void print_examples(Out out, std::string_view examples) {
    while (!examples.empty()) {
        const auto end = examples.find('\n');
        fmt::format_to(out, "  {}\n", examples.substr(0, end));
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
    const Out out(text);
    for (const auto &command : kCommands)
        fmt::format_to(out, "  {:<19} {}\n", command.name, command.summary);
    print_options(
        out, [](const Option &option, Command) { return option.group == Group::other; },
        Command::run);
    fmt::format_to(out, "\nExamples:\n");
    for (const Command command : {Command::plan, Command::run}) {
        const std::string_view examples = info(command).examples;
        print_examples(out, examples.substr(0, examples.find('#', 1)));
    }
    print_exit_codes(out);
    text += "\nTry \"custody COMMAND --help\" for the options of a command.\n";
    return text;
}

std::string command_help(const CommandInfo &command) {
    std::string text = fmt::format("custody {} {}.\n\nUsage:\n  custody {}{}{} [OPTION]...\n\n",
                                   command.name, command.summary, command.name,
                                   command.operand.empty() ? "" : " ", command.operand);
    const Out out(text);
    text += paragraphs(command.description, 0);
    print_options(
        out, [](const Option &option, Command wanted) { return option.applies_to(wanted); },
        command.command);
    fmt::format_to(out, "\nExamples:\n");
    print_examples(out, command.examples);
    print_environment(out);
    print_exit_codes(out);
    return text;
}

} // namespace custody::cli
