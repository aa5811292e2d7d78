// Messages for the person at the terminal: stderr, through spdlog; results never go there.
#pragma once

#include <functional>
#include <string>

#include "loader/core/error.hpp"

namespace custody {

/// quiet: errors only. verbose: each statement group and decision. Call once.
void start_log(bool quiet, bool verbose, bool color);

/// Whatever draws on the terminal between messages: called before and after each of them.
void set_log_hooks(std::function<void()> before, std::function<void()> after);

/// Prints message, detail and hint in PostgreSQL's layout.
void log_error(const Error &error);

} // namespace custody
