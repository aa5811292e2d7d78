// One picture of the progress: plain values in, lines of text out. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace custody::ui {

struct Size {
    int columns = 80;
    int rows = 24;
};

/// A piece of work that is under way, or the total.
struct Row {
    std::string name;
    std::string activity;           // "" = copying
    std::optional<double> fraction; // 0 to 1; none = no bar
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    double byte_rate = 0;               // 0 = not shown
    std::optional<double> seconds_left; // none = not known
    double seconds = 0;                 // since its start
};

struct Counter {
    std::string name;
    std::int64_t done = 0, total = 0;
};

struct Frame {
    std::string phase;
    std::vector<Row> running;
    Row total;
    std::int64_t tables_done = 0, tables = 0;
    std::int64_t different = 0, unverified = 0;
    std::vector<Counter> counters;
};

struct Look {
    bool color = false;
    bool unicode = true;
};

/// Lines for a terminal of this size: no line is wider, and they leave room for a few lines more.
std::vector<std::string> draw(const Frame &frame, Size size, Look look);
/// The same in one line without a terminal.
std::string line(const Frame &frame);

} // namespace custody::ui
