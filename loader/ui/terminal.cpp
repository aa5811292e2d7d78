// The settings of progress for this process's stderr.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "loader/ui/progress.hpp"

namespace custody::ui {
namespace {

std::string variable(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// By the environment alone: the program does not take over the locale of its user.
bool speaks_utf8() {
    for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const std::string value = variable(name);
        if (!value.empty())
            return value.find("UTF-8") != std::string::npos ||
                   value.find("utf8") != std::string::npos ||
                   value.find("utf-8") != std::string::npos;
    }
    return false;
}

void write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; // nobody reads any more; the run goes on
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

Size terminal_size() {
    winsize size{};
    Size result;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        result.columns = size.ws_col;
        result.rows = size.ws_row;
    }
    return result;
}

} // namespace

bool use_color(int descriptor, std::optional<bool> wanted) {
    if (wanted)
        return *wanted;
    return isatty(descriptor) != 0 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

ProgressSettings settings_for_stderr(bool quiet, std::optional<bool> color) {
    ProgressSettings settings;
    const bool terminal = isatty(STDERR_FILENO) != 0 && variable("TERM") != "dumb";
    settings.style = quiet ? Style::off : terminal ? Style::bars : Style::lines;
    settings.color = use_color(STDERR_FILENO, color);
    settings.unicode = speaks_utf8();
    settings.write = write_all;
    settings.size = terminal_size;
    return settings;
}

} // namespace custody::ui
