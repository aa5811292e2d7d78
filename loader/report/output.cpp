#include "loader/report/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "loader/core/file.hpp"
#include "loader/core/log.hpp"
#include "loader/report/load.hpp"
#include "loader/ui/progress.hpp"
#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

Error not_written(const std::string &where, const std::string &why) {
    return {Exit::usage, "output-not-written", fmt::format("could not write {}", where), why,
            "name a file in a directory that can be written; what the command did stays done"};
}

bool put(const std::filesystem::path &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    return file.good();
}

/// Under another name first, so that a reader never meets half a file. What is no file, /dev/null
/// or a pipe, is written to and stays what it is.
void write_file(const std::filesystem::path &path, const std::string &text) {
    const std::string shown = fmt::format("\"{}\"", ui::printable(path.string()));
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        if (!put(path, text))
            throw not_written(shown, std::strerror(errno));
        return;
    }
    const auto temporary = written_first(path);
    if (!put(temporary, text)) {
        const int why = errno;
        std::filesystem::remove(temporary, error);
        throw not_written(shown, std::strerror(why));
    }
    std::filesystem::rename(temporary, real_name(path), error);
    if (error)
        throw not_written(shown, error.message());
}

std::string rendered(const Report &report, const cli::Options &options) {
    if (options.json || options.format == "json")
        return render_json(report);
    if (options.format == "html")
        return render_html(report);
    return render_text(report, look_of(options));
}

void tell_where(const std::string &file, Exit exit, const std::string &headline) {
    if (exit != Exit::ok && !file.empty())
        log::error("{}; written to \"{}\"", headline, ui::printable(file));
}

} // namespace

std::filesystem::path written_first(const std::filesystem::path &file) {
    return real_name(file).string() + ".new";
}

TextLook look_of(const cli::Options &options) {
    TextLook look;
    look.color = options.output.empty() && ui::use_color(STDOUT_FILENO, options.color);
    winsize size{};
    if (options.output.empty() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40)
        look.width = size.ws_col;
    return look;
}

void write_directory(const std::string &directory, const std::string &json,
                     const std::string &html) {
    const std::filesystem::path path(directory);
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error)
        throw not_written(fmt::format("into the directory \"{}\"", ui::printable(directory)),
                          error.message());
    write_file(path / "report.json", json);
    write_file(path / "report.html", html);
    log::info("report: {}", ui::printable((path / "report.html").string()));
}

void write_stdout(const std::string &text) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        throw not_written("to standard output", std::strerror(errno));
}

void write_result(const std::string &file, const std::string &text) {
    if (file.empty())
        write_stdout(text);
    else
        write_file(file, text);
}

Exit deliver(Exit exit, const std::function<void()> &print) {
    try {
        print();
        return exit;
    } catch (const Error &error) {
        log_error(error);
        return exit == Exit::ok ? error.exit() : exit;
    }
}

Exit deliver_result(Exit exit, const cli::Options &options, const std::string &headline,
                    const std::string &text) {
    return deliver(exit, [&] {
        write_result(options.output, text);
        tell_where(options.output, exit, headline);
    });
}

Summary print(const cli::Options &options, pq::Connection &target, std::int64_t migration) {
    const Report report = load(target, migration);
    const Summary summary = summarize(report);
    write_result(options.output, rendered(report, options));
    tell_where(options.output, summary.exit, summary.verdict + ": " + summary.headline);
    if (!options.report_directory.empty())
        write_directory(options.report_directory, render_json(report), render_html(report));
    return summary;
}

Summary print_latest(const cli::Options &options, pq::Connection &target) {
    return print(options, target, find(target, options.name));
}

} // namespace custody::report
