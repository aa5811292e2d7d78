#include "loader/ui/progress.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "loader/ui/text.hpp"

namespace custody::ui {
namespace {

using std::chrono::nanoseconds;
constexpr auto kFrameTime = std::chrono::milliseconds(200);
constexpr auto kLineTime = std::chrono::seconds(10);
constexpr double kSmoothing = 5.0; // seconds over which rates are averaged

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

} // namespace

struct Progress::Table {
    std::string name;
    std::string activity;
    std::int64_t expected_rows = 0, expected_bytes = 0;
    bool counts = true; // false: a task, not part of the totals
    nanoseconds started{};
    std::atomic<std::int64_t> rows{0}, bytes{0};
};

Progress::Progress(ProgressSettings settings) : settings_(std::move(settings)) {
    if (!settings_.clock)
        settings_.clock = [] {
            return nanoseconds(std::chrono::steady_clock::now().time_since_epoch());
        };
    begun_ = rated_at_ = drawn_at_ = settings_.clock();
    if (settings_.thread && settings_.style != Style::off)
        thread_ = std::thread([this] { loop(); });
}

Progress::~Progress() { stop(); }

void Progress::loop() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        wake_.wait_for(lock, kFrameTime, [this] { return stopped_; });
        lock.unlock();
        tick();
        lock.lock();
    }
}

void Progress::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (stopped_)
            return;
        erase();
        stopped_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void Progress::expect(std::int64_t tables, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    expected_tables_ = tables;
    expected_bytes_ = bytes;
}

void Progress::already_done(std::int64_t tables, std::int64_t rows, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    finished_tables_ += tables;
    finished_rows_ += rows;
    finished_bytes_ += bytes;
    finished_weight_ += static_cast<double>(bytes);
    rated_weight_ += static_cast<double>(bytes);
    rated_bytes_ += static_cast<double>(bytes);
}

Progress::TableHandle Progress::start(std::string_view name, std::int64_t rows,
                                      std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    std::string shown = printable(name);
    for (Table *table : running_)
        if (table->counts && table->name == shown)
            return table;
    Table *table = begin_work(std::move(shown));
    table->expected_rows = std::max<std::int64_t>(rows, 0);
    table->expected_bytes = std::max<std::int64_t>(bytes, 0);
    return table;
}

Progress::TableHandle Progress::start_task(std::string_view name) {
    const std::lock_guard lock(mutex_);
    Table *task = begin_work(printable(name));
    task->counts = false;
    return task;
}

Progress::Table *Progress::begin_work(std::string shown) {
    Table *work = tables_.emplace_back(std::make_unique<Table>()).get();
    work->name = std::move(shown);
    work->started = settings_.clock();
    running_.push_back(work);
    return work;
}

void Progress::add(TableHandle table, std::int64_t rows, std::int64_t bytes) noexcept {
    table->rows.fetch_add(rows, std::memory_order_relaxed);
    table->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

void Progress::activity(TableHandle table, std::string_view what) {
    const std::lock_guard lock(mutex_);
    table->activity = printable(what);
}

void Progress::finish(TableHandle table, std::string_view verdict) {
    const std::lock_guard lock(mutex_);
    if (std::erase(running_, table) == 0 || !table->counts)
        return;
    ++finished_tables_;
    finished_rows_ += table->rows.load(std::memory_order_relaxed);
    finished_bytes_ += table->bytes.load(std::memory_order_relaxed);
    finished_weight_ += static_cast<double>(table->expected_bytes);
    different_ += verdict == "different" ? 1 : 0;
    unverified_ += verdict == "unverified" ? 1 : 0;
}

void Progress::phase(std::string_view name) {
    const std::lock_guard lock(mutex_);
    phase_ = printable(name);
}

void Progress::steps(std::string_view name, std::int64_t done, std::int64_t total) {
    const std::lock_guard lock(mutex_);
    for (auto &counter : counters_) {
        if (counter.name == name) {
            counter.done = done;
            counter.total = total;
            return;
        }
    }
    counters_.push_back({std::string(name), done, total});
}

void Progress::pause() {
    const std::lock_guard lock(mutex_);
    ++paused_;
    erase();
}

void Progress::resume() {
    const std::lock_guard lock(mutex_);
    // No redraw here: a burst of messages would make a burst of frames.
    --paused_;
}

void Progress::tick() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || paused_ > 0 || settings_.style == Style::off)
        return;
    const nanoseconds now = settings_.clock();
    const auto interval =
        settings_.style == Style::bars ? nanoseconds(kFrameTime) / 2 : nanoseconds(kLineTime);
    update_rate(now);
    if (now - drawn_at_ < interval)
        return;
    drawn_at_ = now;
    if (settings_.style == Style::bars)
        draw_bars(now);
    else
        settings_.write(fmt::format("custody: {}\n", line(snapshot(now))));
}

/// How much of a table is done. Rows tell better than bytes, as a stream is not as long as the
/// table it comes from; never quite 1 while it runs, as both are estimates.
double Progress::fraction(const Table &table) const {
    const auto rows = static_cast<double>(table.rows.load(std::memory_order_relaxed));
    const auto bytes = static_cast<double>(table.bytes.load(std::memory_order_relaxed));
    if (table.expected_rows > 0)
        return std::min(rows / static_cast<double>(table.expected_rows), 0.99);
    if (table.expected_bytes > 0)
        return std::min(bytes / static_cast<double>(table.expected_bytes), 0.99);
    return 0;
}

double Progress::done_weight() const {
    double weight = finished_weight_;
    for (const Table *table : running_)
        if (table->counts)
            weight += fraction(*table) * static_cast<double>(table->expected_bytes);
    return weight;
}

void Progress::update_rate(nanoseconds now) {
    const double elapsed = seconds(now - rated_at_);
    if (elapsed < 0.1)
        return;
    double bytes = static_cast<double>(finished_bytes_);
    for (const Table *table : running_)
        if (table->counts)
            bytes += static_cast<double>(table->bytes.load(std::memory_order_relaxed));
    const double weight = done_weight();
    // An average over all the time so far at first, over the last seconds later on.
    const double share =
        std::max(1 - std::exp(-elapsed / kSmoothing),
                 std::min(1.0, elapsed / std::max(seconds(now - begun_), elapsed)));
    byte_rate_ += share * ((bytes - rated_bytes_) / elapsed - byte_rate_);
    weight_rate_ += share * ((weight - rated_weight_) / elapsed - weight_rate_);
    rated_bytes_ = bytes;
    rated_weight_ = weight;
    rated_at_ = now;
}

Row Progress::row_of(const Table &table, nanoseconds now) const {
    Row row;
    row.name = table.name;
    row.activity = table.activity;
    row.rows = table.rows.load(std::memory_order_relaxed);
    row.bytes = table.bytes.load(std::memory_order_relaxed);
    row.seconds = seconds(now - table.started);
    if (table.expected_rows > 0 || table.expected_bytes > 0)
        row.fraction = fraction(table);
    if (row.fraction && row.activity.empty() && row.seconds > 0) {
        row.byte_rate = static_cast<double>(row.bytes) / row.seconds;
        if (*row.fraction > 0.01)
            row.seconds_left = row.seconds * (1 - *row.fraction) / *row.fraction;
    }
    return row;
}

Frame Progress::snapshot(nanoseconds now) {
    Frame frame;
    frame.phase = phase_;
    frame.counters = counters_;
    frame.tables_done = finished_tables_;
    frame.tables = expected_tables_;
    frame.different = different_;
    frame.unverified = unverified_;
    frame.total.name = "total";
    frame.total.rows = finished_rows_;
    frame.total.bytes = finished_bytes_;
    for (const Table *table : running_) {
        frame.running.push_back(row_of(*table, now));
        frame.total.rows += table->counts ? frame.running.back().rows : 0;
        frame.total.bytes += table->counts ? frame.running.back().bytes : 0;
    }
    if (expected_bytes_ > 0) {
        const double expected = static_cast<double>(expected_bytes_);
        const bool all = finished_tables_ >= expected_tables_;
        frame.total.fraction = all ? 1 : std::min(done_weight() / expected, 0.99);
        frame.total.byte_rate = all ? 0 : byte_rate_;
        if (!all && weight_rate_ > 0 && seconds(now - begun_) > 1)
            frame.total.seconds_left = std::max(0.0, expected - done_weight()) / weight_rate_;
    }
    frame.total.seconds = seconds(now - begun_);
    return frame;
}

void Progress::draw_bars(nanoseconds now) {
    const Size size = settings_.size();
    const auto lines = draw(snapshot(now), size, {settings_.color, settings_.unicode});
    // The cursor is hidden only within one write, so that no way to die leaves it hidden.
    std::string text = "\x1b[?25l";
    const std::size_t up = drawn_rows(size);
    if (up > 0)
        text += fmt::format("\r\x1b[{}A", up);
    drawn_.clear();
    for (const auto &line : lines) {
        text += "\x1b[2K" + line + "\n";
        drawn_.push_back(visible_width(line));
    }
    settings_.write(text + "\x1b[0J\x1b[?25h");
}

std::size_t Progress::drawn_rows(Size size) const {
    const auto columns = static_cast<std::size_t>(std::max(size.columns, 1));
    std::size_t rows = 0;
    for (const std::size_t width : drawn_)
        rows += std::max<std::size_t>(1, (width + columns - 1) / columns);
    return rows;
}

void Progress::erase() {
    if (drawn_.empty() || stopped_)
        return;
    const std::size_t up = drawn_rows(settings_.size());
    drawn_.clear();
    settings_.write(fmt::format("\r\x1b[{}A\x1b[0J", up));
}

} // namespace custody::ui
