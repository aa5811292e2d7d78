// The manual page, in the macros of man(7).

#include <fmt/format.h>

#include "loader/cli/help.hpp"
#include "loader/core/append.hpp"

namespace custody::cli {
namespace {

/// Roff takes a backslash, a leading dot and a leading quote as its own; a hyphen becomes a dash.
std::string roff(std::string_view text) {
    std::string result;
    bool line_start = true;
    for (const char c : text) {
        if (line_start && (c == '.' || c == '\''))
            result += "\\&";
        if (c == '\\')
            result += "\\e";
        else if (c == '-')
            result += "\\-";
        else
            result += c;
        line_start = c == '\n';
    }
    return result;
}

std::string paragraphs(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        result += line.empty() ? ".PP\n" : roff(line) + "\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::string option_entry(const Option &option) {
    std::string text = ".TP\n.B ";
    if (option.letter != 0)
        text += fmt::format("\\-{}\\fR,\\fB ", option.letter);
    text += roff(fmt::format("--{}", option.name));
    if (!option.is_switch())
        text += fmt::format("\\fR=\\fI{}\\fR", roff(option.argument));
    text += "\n" + roff(option.help) + ".\n";
    if (!option.fallback.empty() && option.fallback != "0")
        text += fmt::format("Default: {}.\n", roff(option.fallback));
    if (option.repeats())
        text += "Can be given more than once.\n";
    std::string commands;
    for (const auto &command : kCommands)
        if (option.applies_to(command.command))
            commands += fmt::format("{}{}", commands.empty() ? "" : ", ", command.name);
    if (!commands.empty() && option.commands != kEvery)
        text += fmt::format("Commands: {}.\n", commands);
    if (option.from != From::command_line)
        text += fmt::format("Environment: {}.\n", option.environment());
    return text;
}

std::string examples(const CommandInfo &command) {
    std::string text;
    std::string_view rest = command.examples;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        if (line.starts_with("# "))
            text += fmt::format(".PP\n{}:\n", roff(line.substr(2)));
        else
            text += fmt::format(".PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n", roff(line));
        rest.remove_prefix(end + 1);
    }
    return text;
}

constexpr std::string_view kFileText =
    "The file of \\fB\\-\\-config\\fR is TOML. Its keys are the long names of the options; lists "
    "are arrays.\nAn unknown key is an error.\n"
    ".PP\n.RS 4\n.nf\n"
    "source = \"service=old\"\n"
    "target = \"service=new\"\n"
    "schema = [\"app\", \"billing\"]\n"
    "jobs = 8\n"
    "\n"
    "[map]                      # schemas under another name on the target\n"
    "billing = \"accounting\"\n"
    "\n"
    "[table.\"app.calls\"]\n"
    "where = \"started_at >= \\(aq2024\\-01\\-01\\(aq\"\n"
    "target = \"app.call\"\n"
    "cast.kind = \"app.call_kind\"\n"
    ".fi\n.RE\n"
    ".PP\nInstead of a connection string, [source] and [target] take libpq\\(aqs keywords.\n";

} // namespace

std::string man_page() {
    std::string text = ".TH CUSTODY 1 \"\" \"custody " CUSTODY_VERSION "\" \"custody\"\n"
                       ".SH NAME\ncustody \\- move a PostgreSQL database and prove that it "
                       "arrived\n.SH SYNOPSIS\n.B custody\n.I command\n.RI [ option ]...\n"
                       ".SH COMMANDS\n";
    for (const auto &command : kCommands)
        append(text, ".SS custody {}\n{}.\n.PP\n{}", command.name,
               roff(std::string(1, static_cast<char>(std::toupper(
                                       static_cast<unsigned char>(command.summary[0])))) +
                    std::string(command.summary.substr(1))),
               paragraphs(command.description));
    text += ".SH OPTIONS\n";
    for (const Group group : kGroups) {
        append(text, ".SS {}\n", group_title(group));
        for (const auto &option : kOptions)
            if (option.group == group && !option.hidden)
                text += option_entry(option);
    }
    append(text, ".SH CONFIGURATION FILE\n{}.SH EXIT STATUS\n", kFileText);
    for (const auto &[code, meaning] : kExitCodes)
        append(text, ".TP\n.B {}\n{}.\n", code, roff(meaning));
    text += ".SH ENVIRONMENT\nThe command line wins over the environment, the environment over the "
            "file.\n";
    for (const auto &[name, meaning] : kEnvironment)
        append(text, ".TP\n.B {}\n{}.\n", roff(name), roff(meaning));
    text += ".SH EXAMPLES\n";
    for (const auto &command : kCommands)
        text += examples(command);
    text += ".SH SEE ALSO\n.BR psql (1),\n.BR pg_dump (1)\n";
    return text;
}

} // namespace custody::cli
