#include "loader/ui/frame.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "loader/ui/text.hpp"

namespace custody::ui {
namespace {

constexpr std::size_t kMostName = 36;
constexpr int kMostRows = 16;

std::string colored(const std::string &text, const char *code, const Look &look) {
    return look.color && !text.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

std::string percent(double fraction) {
    return fmt::format("{:.0f} %", std::floor(std::clamp(fraction, 0.0, 1.0) * 100));
}

std::string bar(double fraction, std::size_t width, const Look &look) {
    fraction = std::clamp(fraction, 0.0, 1.0);
    if (!look.unicode) {
        const auto full = static_cast<std::size_t>(fraction * static_cast<double>(width));
        return std::string(full, '#') + std::string(width - full, '.');
    }
    constexpr const char *kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = static_cast<std::size_t>(fraction * static_cast<double>(width) * 8);
    std::string full;
    for (std::size_t i = 0; i < eighths / 8; ++i)
        full += "█";
    full += kEighths[eighths % 8];
    std::size_t used = eighths / 8 + (eighths % 8 != 0 ? 1 : 0);
    std::string rest;
    for (; used < width; ++used)
        rest += "·";
    return colored(full, "36", look) + colored(rest, "2", look);
}

std::string rows_text(std::int64_t rows) { return short_count(rows) + " rows"; }

std::string rate_text(const Row &row) {
    return row.byte_rate > 0 ? size_text(static_cast<std::int64_t>(row.byte_rate)) + "/s" : "";
}

std::string left_text(const Row &row) {
    if (row.seconds_left)
        return duration_text(*row.seconds_left) + " left";
    return row.fraction ? "" : duration_text(row.seconds);
}

/// Columns that a row has room for; from left to right in the order they are given up last.
struct Layout {
    std::size_t name = 0, bar = 0;
    bool percent = false, left = false, rows = false, bytes = false, rate = false;
};

constexpr std::size_t kPercent = 6, kLeft = 14, kRows = 12, kBytes = 9, kRate = 11;

Layout layout(const Frame &frame, std::size_t width) {
    Layout result;
    std::size_t longest = display_width("total");
    for (const auto &row : frame.running)
        longest = std::max(longest, display_width(row.name));
    result.name = std::min({longest, kMostName, std::max<std::size_t>(width / 3, 8), width});
    std::size_t room = width - result.name;
    const auto take = [&](bool &field, std::size_t columns) {
        field = room >= columns;
        room -= field ? columns : 0;
    };
    take(result.percent, kPercent);
    take(result.left, kLeft);
    take(result.rows, kRows);
    take(result.bytes, kBytes);
    take(result.rate, kRate);
    result.bar = room > 6 ? std::min<std::size_t>(room - 1, 30) : 0;
    return result;
}

std::string drawn_row(const Row &row, const Layout &at, const Look &look, bool bold) {
    std::string text = colored(fitted(row.name, at.name), bold ? "1" : "0", look);
    if (at.bar > 0) {
        text += ' ';
        if (row.fraction && row.activity.empty())
            text += bar(*row.fraction, at.bar, look);
        else
            text += colored(fitted(row.activity, at.bar), "2", look);
    }
    const bool counted = row.fraction || row.rows > 0;
    if (at.percent)
        text += fmt::format("{:>{}}", row.fraction ? percent(*row.fraction) : "", kPercent);
    if (at.rows)
        text += fmt::format("{:>{}}", counted ? rows_text(row.rows) : "", kRows);
    if (at.bytes)
        text += fmt::format("{:>{}}", counted ? size_text(row.bytes) : "", kBytes);
    if (at.rate)
        text += fmt::format("{:>{}}", rate_text(row), kRate);
    if (at.left)
        text += fmt::format("{:>{}}", left_text(row), kLeft);
    return text;
}

std::string counters_text(const Frame &frame) {
    std::string text;
    if (frame.tables > 0)
        text =
            fmt::format("{} of {} tables", count_text(frame.tables_done), count_text(frame.tables));
    for (const auto &counter : frame.counters)
        text += fmt::format("{}{} {}/{}", text.empty() ? "" : ", ", counter.name, counter.done,
                            counter.total);
    return text;
}

std::string bad_text(const Frame &frame) {
    std::string text;
    if (frame.different > 0)
        text += fmt::format(", {} different", frame.different);
    if (frame.unverified > 0)
        text += fmt::format(", {} unverified", frame.unverified);
    return text;
}

} // namespace

std::vector<std::string> draw(const Frame &frame, Size size, Look look) {
    // The last column stays free: some terminals wrap when it is written.
    const auto width = static_cast<std::size_t>(std::max(size.columns - 1, 10));
    const auto most = static_cast<std::size_t>(std::clamp(size.rows - 5, 1, kMostRows));
    const Layout at = layout(frame, width);
    std::vector<std::string> lines;
    const std::size_t shown = frame.running.size() <= most ? frame.running.size() : most - 1;
    for (std::size_t i = 0; i < shown; ++i)
        lines.push_back(drawn_row(frame.running[i], at, look, false));
    if (shown < frame.running.size())
        lines.push_back(colored(
            fitted(fmt::format("and {} more", frame.running.size() - shown), width), "2", look));
    lines.push_back(drawn_row(frame.total, at, look, true));

    std::string below = frame.phase;
    if (const std::string counters = counters_text(frame); !counters.empty())
        below += fmt::format("{}{}", below.empty() ? "" : ": ", counters);
    std::string bad = bad_text(frame);
    if (display_width(bad) > width)
        bad = fitted(bad, width);
    const std::size_t room = width - std::min(width, display_width(bad));
    below = display_width(below) > room ? fitted(below, room) : below;
    lines.push_back(colored(below, "2", look) + colored(bad, "1;31", look));
    return lines;
}

std::string line(const Frame &frame) {
    std::string text = frame.phase.empty() ? "" : frame.phase + ": ";
    const Row &total = frame.total;
    if (total.fraction)
        text += percent(*total.fraction) + ", ";
    text += fmt::format("{}, {}", rows_text(total.rows), size_text(total.bytes));
    if (const std::string rate = rate_text(total); !rate.empty())
        text += ", " + rate;
    if (total.seconds_left)
        text += ", " + left_text(total);
    if (const std::string more = counters_text(frame); !more.empty())
        text += "; " + more;
    text += bad_text(frame);
    if (!frame.running.empty()) {
        text += fmt::format("; running {}", frame.running.front().name);
        if (frame.running.size() > 1)
            text += fmt::format(" and {} more", frame.running.size() - 1);
    }
    return text;
}

} // namespace custody::ui
