// The words of the command line, by CLI11: which command, its options as they were written, and
// what is wrong with them. Throws Error "usage".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "loader/cli/commands.hpp"
#include "loader/cli/option_table.hpp"
#include "loader/core/error.hpp"

namespace custody::cli {

using Given = std::vector<std::pair<const Option *, std::vector<std::string>>>;

Error usage(const std::string &message, const std::string &hint);

/// One CLI11 application per command, and one for what stands before the command.
class CommandLine {
  public:
    CommandLine();

    void parse(int argc, const char *const *argv);

    const CommandInfo *command() const { return command_; }

    /// What was given on the command line, in the order of the table.
    Given given();

    /// What stands after the command without being an option; "" = nothing.
    std::string operand() const;

    /// The first word of commands of two words, where only that was given.
    std::string family() const;

    std::string hint() const;

  private:
    /// Which command was named, also where its options were wrong.
    void find_command();

    /// A command of two words is one of its family, which is known by the first.
    CLI::App *add(std::string_view name);

    const CLI::App *find(std::string_view name) const;

    /// That which the options stand after.
    const CLI::App *chosen() const;

    static void prepare(CLI::App &app, const CommandInfo *command);

    /// CLI11's messages start with "--jobs" or a capital letter.
    static std::string lowercase(std::string text);

    [[noreturn]] void reject(const std::string &word) const;

    [[noreturn]] void reject_word(const std::string &word) const;

    CLI::App app_;
    std::map<std::string, CLI::App *> families_;
    const CommandInfo *command_ = nullptr;
};

} // namespace custody::cli
