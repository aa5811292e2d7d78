// What is printed from the option table: help, man page, completion, documentation.
#pragma once

#include <string>
#include <string_view>

#include "loader/cli/commands.hpp"
#include "loader/cli/option_table.hpp"

namespace custody::cli {

std::string version_line();
std::string program_help();
std::string command_help(const CommandInfo &command);
/// custody.1 in roff.
std::string man_page();
/// A script for bash; install as share/bash-completion/completions/custody.
std::string bash_completion();
/// The table of all options between markers, as it stands in docs/loader.md.
std::string options_markdown();

/// "-j, --jobs=NUM"
std::string option_label(const Option &option);
/// Text broken into lines of at most `width` columns, each after the first led by `indent` blanks.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

} // namespace custody::cli
