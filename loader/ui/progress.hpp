// Progress on stderr: bars on a terminal, one line per 10 s elsewhere, nothing when off.
// Every function may be called from any thread. add() is two relaxed atomic additions: call it in
// batches of some thousand rows anyway. The object owns the thread that draws; handles are valid
// as long as it lives. Nothing throws but the constructor.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "loader/ui/frame.hpp"

namespace custody::ui {

enum class Style { off, lines, bars };

struct ProgressSettings {
    Style style = Style::off;
    bool color = false;
    bool unicode = true;
    std::function<void(std::string_view)> write;     // stderr when empty
    std::function<Size()> size;                      // the terminal's, when empty
    std::function<std::chrono::nanoseconds()> clock; // steady clock when empty
    bool thread = true;                              // false: only tick() draws (tests)
};

/// bars on a terminal, lines elsewhere, off when quiet; colors by choice, NO_COLOR and terminal.
ProgressSettings settings_for_stderr(bool quiet, std::optional<bool> color);

/// Whether to color what goes to this descriptor: the user's choice (--color), else a terminal
/// without NO_COLOR.
bool use_color(int descriptor, std::optional<bool> wanted);

class Progress {
  public:
    struct Table; // counters of one running table or other piece of work
    using TableHandle = Table *;

    explicit Progress(ProgressSettings settings);
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;
    ~Progress();

    /// The whole work: all tables of the plan. Call before the first start().
    void expect(std::int64_t tables, std::int64_t bytes);
    /// Work that an earlier run has done (resume); counts for the total, not for the rate.
    void already_done(std::int64_t tables, std::int64_t rows, std::int64_t bytes);

    /// A table whose copy begins. While it runs, a second start() of the same name (another part
    /// of it) returns the same handle. Estimates may be 0: then there is no bar.
    TableHandle start(std::string_view name, std::int64_t rows, std::int64_t bytes);
    /// Rows and stream bytes since the last call.
    void add(TableHandle table, std::int64_t rows, std::int64_t bytes) noexcept;
    /// What happens to it now, in a word or two: "indexes", "verifying". "" = copying.
    void activity(TableHandle table, std::string_view what);
    /// It is done; `verdict`: equal, different, unverified or "" when it has none (yet).
    void finish(TableHandle table, std::string_view verdict);

    /// Other work to show while it runs, such as an index build: without estimate, not in totals.
    TableHandle start_task(std::string_view name);

    /// The phase of the run, for the line of the total: "schema", "rows", "indexes".
    void phase(std::string_view name);
    /// A counter for the line of the total: steps("indexes", 3, 40).
    void steps(std::string_view name, std::int64_t done, std::int64_t total);

    /// Takes the bars away before something else is printed, and puts them back: the hooks of the
    /// log (set_log_hooks). Calls nest; threads may overlap.
    void pause();
    void resume();

    /// Draws when it is time to.
    void tick();
    /// Ends the drawing and takes the bars away for good. The destructor calls it.
    void stop();

  private:
    Row row_of(const Table &table, std::chrono::nanoseconds now) const;
    Frame snapshot(std::chrono::nanoseconds now);
    void draw_bars(std::chrono::nanoseconds now);
    void erase();
    /// Rows of the screen that the lines take; a window made narrower has wrapped them.
    std::size_t drawn_rows(Size size) const;
    Table *begin_work(std::string shown);
    void loop();
    void update_rate(std::chrono::nanoseconds now);
    double done_weight() const;
    double fraction(const Table &table) const;

    ProgressSettings settings_;
    std::mutex mutex_; // all below but the counters of tables
    std::condition_variable wake_;
    std::vector<std::unique_ptr<Table>> tables_; // all there ever were: handles stay valid
    std::vector<Table *> running_;
    std::string phase_;
    std::vector<Counter> counters_;
    std::int64_t expected_tables_ = 0, expected_bytes_ = 0;
    std::int64_t finished_tables_ = 0, finished_rows_ = 0, finished_bytes_ = 0;
    std::int64_t different_ = 0, unverified_ = 0;
    double finished_weight_ = 0;
    double byte_rate_ = 0, weight_rate_ = 0; // per second, smoothed
    double rated_bytes_ = 0, rated_weight_ = 0;
    std::chrono::nanoseconds begun_{}, rated_at_{}, drawn_at_{};
    int paused_ = 0;
    bool stopped_ = false;
    std::vector<std::size_t> drawn_; // widths of the lines on the screen
    std::thread thread_;
};

} // namespace custody::ui
