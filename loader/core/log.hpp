// Messages for the person at the terminal: stderr, through spdlog; results never go there. Callers
// format here, because spdlog's own templates cost every file that has them seconds to compile.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "loader/core/error.hpp"

namespace custody {

/// quiet: errors only. verbose: each statement group and decision. Call once.
void start_log(bool quiet, bool verbose, bool color);

/// Whatever draws on the terminal between messages: called before and after each of them.
void set_log_hooks(std::function<void()> before, std::function<void()> after);

/// Prints message, detail and hint in PostgreSQL's layout.
void log_error(const Error &error);

namespace log {

enum class Level { debug, info, warn, error };

void write(Level level, const std::string &text);

template <typename... Args> void debug(fmt::format_string<Args...> format, Args &&...args) {
    write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args> void info(fmt::format_string<Args...> format, Args &&...args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args> void warn(fmt::format_string<Args...> format, Args &&...args) {
    write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args> void error(fmt::format_string<Args...> format, Args &&...args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

} // namespace log
} // namespace custody
