// Where a report goes: stdout in the form the user asked for, files in the report directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "loader/cli/options.hpp"
#include "loader/pq/connection.hpp"
#include "loader/report/render.hpp"
#include "loader/report/report.hpp"

namespace custody::report {

/// Loads the report of a migration, prints it (options.json, options.format, options.output,
/// options.color) and writes report.json and report.html into options.report_directory, whose
/// place goes to the log. Returns what the report says, for the exit code. Throws Error
/// (Exit::usage, output-not-written) when a file cannot be written.
Summary print(const cli::Options &options, pq::Connection &target, std::int64_t migration);

/// `custody report`: the newest migration of options.name.
Summary print_latest(const cli::Options &options, pq::Connection &target);

/// Calls `print` for a command that ends with `exit`: what it did is done, whether or not somebody
/// takes its output. An error of print is logged, and is the exit code where that was 0.
Exit deliver(Exit exit, const std::function<void()> &print);

/// The file beside `file` that its text is written to before it gets that name.
std::filesystem::path written_first(const std::filesystem::path &file);

/// A result for the file, or for stdout where none is named. Throws as write_stdout().
void write_result(const std::string &file, const std::string &text);

/// A result for options.output or stdout, of a command that ends with `exit`, as deliver() does it.
/// In a file nobody sees why the exit code is not 0: then `headline` and the file go to the log.
Exit deliver_result(Exit exit, const cli::Options &options, const std::string &headline,
                    const std::string &text);

/// The form of text that fits where it goes.
TextLook look_of(const cli::Options &options);

/// report.json and report.html in the directory, which is made where it is missing; its place goes
/// to the log. Throws Error (Exit::usage, output-not-written).
void write_directory(const std::string &directory, const std::string &json,
                     const std::string &html);

/// A result for stdout. Throws Error (Exit::usage, output-not-written) when nobody takes it.
void write_stdout(const std::string &text);

} // namespace custody::report
