// Completion for bash and the table of options for the documentation.

#include <fmt/format.h>

#include "loader/cli/help.hpp"
#include "loader/core/append.hpp"

namespace custody::cli {
namespace {

std::string words_of(std::string_view choices) {
    std::string words(choices);
    std::replace(words.begin(), words.end(), '|', ' ');
    return words;
}

/// Long options of a command, those with an argument ending in '='.
std::string words_of(Command command) {
    std::string words;
    for (const auto &option : kOptions)
        if (option.applies_to(command) && !option.hidden)
            words += fmt::format("--{}{} ", option.name, option.is_switch() ? "" : "=");
    return words;
}

/// What may stand after these words of a command, each once.
std::string next_words(std::string_view before) {
    std::string words;
    for (const auto &command : kCommands) {
        if (!command.name.starts_with(before))
            continue;
        const auto rest = command.name.substr(before.size());
        const auto word = fmt::format("{} ", rest.substr(0, rest.find(' ')));
        if (!words.ends_with(word))
            words += word;
    }
    return words;
}

/// A cell of a Markdown table.
std::string cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|')
            result += '\\';
        result += c;
    }
    return result;
}

std::string commands_of(const Option &option) {
    if (option.commands == kEvery || option.commands == kTelling || option.commands == kAll)
        return "all";
    std::string text;
    for (const auto &command : kCommands)
        if (option.applies_to(command.command))
            text += fmt::format("{}{}", text.empty() ? "" : ", ", command.name);
    return text;
}

} // namespace

std::string bash_completion() {
    std::string text = "# bash completion for custody, made by \"custody --completion bash\"\n"
                       "_custody()\n{\n"
                       "    local cur prev words cword split\n"
                       "    _init_completion -s || return\n"
                       "    case $prev in\n";
    for (const auto &option : kOptions) {
        if (option.hidden || option.is_switch())
            continue;
        const std::string letter =
            option.letter != 0 ? fmt::format("|-{}", option.letter) : std::string();
        std::string reply = "return";
        if (!option.choices.empty())
            reply = fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return",
                                words_of(option.choices));
        else if (option.argument == "FILE")
            reply = "_filedir; return";
        else if (option.argument == "DIRECTORY")
            reply = "_filedir -d; return";
        append(text, "        --{}{}) {} ;;\n", option.name, letter, reply);
    }
    append(text, "    esac\n    $split && return\n"
                 "    local command= word candidates\n"
                 "    for word in \"${{words[@]:1:cword-1}}\"; do\n"
                 "        case $word in -*) ;; audit) command=audit ;; *) "
                 "command+=${{command:+ }}$word; break ;; esac\n"
                 "    done\n    case $command in\n");
    for (const auto &command : kCommands)
        append(text, "        '{}') candidates='{}' ;;\n", command.name, words_of(command.command));
    append(text, "        audit) candidates='{}--help' ;;\n", next_words("audit "));
    append(text,
           "        *) candidates='{}--help --version --man --completion=' ;;\n    esac\n"
           "    COMPREPLY=($(compgen -W \"$candidates\" -- \"$cur\"))\n"
           "    [[ ${{COMPREPLY-}} == *= ]] && compopt -o nospace\n"
           "}} &&\ncomplete -F _custody custody\n",
           next_words(""));
    return text;
}

std::string options_markdown() {
    std::string text = "<!-- options: made by \"custody --options-markdown\", checked by CI -->\n"
                       "| option | environment | default | commands | |\n"
                       "| --- | --- | --- | --- | --- |\n";
    for (const auto &option : kOptions) {
        if (option.hidden)
            continue;
        const auto letter =
            option.letter != 0 ? fmt::format("`-{}`, ", option.letter) : std::string();
        const auto argument =
            option.is_switch() ? std::string() : fmt::format("={}", option.argument);
        const auto environment = option.environment();
        append(text, "| {}`--{}{}` | {} | {} | {} | {} |\n", letter, option.name, argument,
               environment.empty() ? "" : fmt::format("`{}`", environment), option.fallback,
               commands_of(option), cell(option.help));
    }
    return text + "<!-- end of options -->\n";
}

} // namespace custody::cli
