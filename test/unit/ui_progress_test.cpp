#include <gtest/gtest.h>

#include <thread>

#include "loader/ui/progress.hpp"
#include "loader/ui/text.hpp"

namespace custody::ui {
namespace {

using std::chrono::nanoseconds;

/// A Progress on a clock that the test moves, drawing into a string.
struct Screen {
    nanoseconds now{0};
    Size size{100, 24};
    std::string written;
    Progress progress;

    explicit Screen(Style style) : progress(settings(style)) {}

    ProgressSettings settings(Style style) {
        ProgressSettings settings;
        settings.style = style;
        settings.thread = false;
        settings.write = [this](std::string_view text) { written += text; };
        settings.size = [this] { return size; };
        settings.clock = [this] { return now; };
        return settings;
    }
    /// What the next frame, `seconds` later, writes.
    std::string after(double seconds) {
        written.clear();
        now += std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
        progress.tick();
        return written;
    }
};

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

TEST(UiProgress, DrawsRunningTablesAndTheTotal) {
    Screen screen(Style::bars);
    screen.progress.expect(4, 400 << 20);
    screen.progress.phase("rows");
    const auto calls = screen.progress.start("app.calls", 1000000, 100 << 20);
    screen.progress.add(calls, 500000, 50 << 20);
    const std::string frame = screen.after(10);
    EXPECT_TRUE(has(frame, "app.calls")) << frame;
    EXPECT_TRUE(has(frame, " 50 %")) << frame;
    EXPECT_TRUE(has(frame, "500k rows")) << frame;
    EXPECT_TRUE(has(frame, "5.0 MB/s")) << frame;
    EXPECT_TRUE(has(frame, "10.0 s left")) << frame;
    EXPECT_TRUE(has(frame, " 12 %")) << frame;
    EXPECT_TRUE(has(frame, "1:10 left")) << frame; // 350 MB at 5 MB/s
    EXPECT_TRUE(has(frame, "rows: 0 of 4 tables")) << frame;
}

TEST(UiProgress, EveryFrameLeavesTheCursorVisible) {
    Screen screen(Style::bars);
    screen.progress.start("t", 1, 1);
    const std::string frame = screen.after(1);
    EXPECT_TRUE(frame.starts_with("\x1b[?25l"));
    EXPECT_TRUE(frame.ends_with("\x1b[?25h"));
}

TEST(UiProgress, DrawsAtMostTenTimesASecond) {
    Screen screen(Style::bars);
    EXPECT_NE(screen.after(0.2), "");
    EXPECT_EQ(screen.after(0.05), "");
    EXPECT_NE(screen.after(0.15), "");
}

TEST(UiProgress, MovesUpByTheRowsThatANarrowWindowWrapped) {
    Screen screen(Style::bars);
    screen.progress.start("a", 10, 10);
    screen.after(1); // a row of 99 columns, the total of 99, the counters
    EXPECT_TRUE(has(screen.after(1), "\x1b[3A"));
    screen.size.columns = 50;
    EXPECT_TRUE(has(screen.after(1), "\x1b[5A"));
    EXPECT_TRUE(has(screen.after(1), "\x1b[3A"));
}

TEST(UiProgress, LogLinesFindTheBarsGone) {
    Screen screen(Style::bars);
    screen.progress.start("a", 10, 10);
    screen.after(1);
    screen.written.clear();
    screen.progress.pause();
    EXPECT_EQ(screen.written, "\r\x1b[3A\x1b[0J");
    EXPECT_EQ(screen.after(1), "");
    screen.progress.pause(); // of another thread
    screen.progress.resume();
    EXPECT_EQ(screen.after(1), "");
    screen.progress.resume();
    EXPECT_FALSE(has(screen.after(1), "A\x1b[2K"));
}

TEST(UiProgress, OneLineInTenSecondsWithoutATerminal) {
    Screen screen(Style::lines);
    screen.progress.expect(2, 200);
    screen.progress.phase("rows");
    screen.progress.add(screen.progress.start("app.a\nb", 100, 100), 50, 60);
    screen.progress.start("app.b", 100, 100);
    screen.progress.steps("indexes", 3, 40);
    EXPECT_EQ(screen.after(5), "");
    EXPECT_EQ(screen.after(5), "custody: rows: 25 %, 50 rows, 60 bytes, 4 bytes/s, 40.8 s left; "
                               "0 of 2 tables, indexes 3/40; running app.a\\nb and 1 more\n");
    EXPECT_EQ(screen.after(9), "");
    EXPECT_NE(screen.after(1), "");
}

TEST(UiProgress, OffWritesNothing) {
    Screen screen(Style::off);
    const auto table = screen.progress.start("a", 1, 1);
    screen.progress.add(table, 1, 1);
    EXPECT_EQ(screen.after(60), "");
    screen.progress.stop();
    EXPECT_EQ(screen.written, "");
}

TEST(UiProgress, PartsShareTheTablesHandle) {
    Screen screen(Style::lines);
    screen.progress.expect(1, 100);
    const auto first = screen.progress.start("t", 100, 100);
    EXPECT_EQ(screen.progress.start("t", 100, 100), first);
    screen.progress.finish(first, "different");
    screen.progress.finish(first, "different");
    const std::string line = screen.after(10);
    EXPECT_TRUE(has(line, "100 %")) << line;
    EXPECT_TRUE(has(line, "1 of 1 tables")) << line;
    EXPECT_TRUE(has(line, "1 different")) << line;
}

TEST(UiProgress, ResumedWorkCountsForTheTotalNotForTheRate) {
    Screen screen(Style::lines);
    screen.progress.expect(2, 200);
    screen.progress.already_done(1, 10, 100);
    EXPECT_EQ(screen.after(10), "custody: 50 %, 10 rows, 100 bytes; 1 of 2 tables\n");
}

TEST(UiProgress, ManyThreadsAddWithoutLoss) {
    Screen screen(Style::lines);
    const auto table = screen.progress.start("t", 0, 0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 1000; ++n)
                screen.progress.add(table, 1, 10);
        });
    for (auto &thread : threads)
        thread.join();
    EXPECT_TRUE(has(screen.after(10), "4000 rows, 39 kB"));
}

TEST(UiFrame, FitsEveryWindow) {
    Frame frame;
    frame.phase = "rows";
    frame.tables = 123456;
    frame.different = 3;
    frame.counters = {{"indexes", 3, 40}};
    for (int i = 0; i < 40; ++i)
        frame.running.push_back({"schema_with_a_long_name.表" + std::string(63, 'x'), "", 0.5,
                                 123456789, 1LL << 40, 1e9, 3723, 10});
    frame.total = frame.running.front();
    for (const bool color : {false, true}) {
        for (int columns = 12; columns < 250; ++columns) {
            const auto lines = draw(frame, {columns, 24}, {color, true});
            EXPECT_LE(lines.size(), 21U);
            for (const auto &line : lines)
                ASSERT_LT(visible_width(line), static_cast<std::size_t>(columns)) << line;
        }
    }
}

TEST(UiText, NamesCannotCommandATerminal) {
    EXPECT_EQ(printable("a\nb\x1b[2J\t\x7f"), "a\\nb\\x1b[2J\\t\\x7f");
    EXPECT_EQ(printable("\u202egnp"), "\\u{202e}gnp");
    EXPECT_EQ(printable("\u009b"), "\\u{9b}");
    EXPECT_EQ(printable("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
    EXPECT_EQ(printable("größe 表 😀"), "größe 表 😀");
}

TEST(UiText, WidthsAndCuts) {
    EXPECT_EQ(display_width("größe"), 5U);
    EXPECT_EQ(display_width("表表"), 4U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(fitted("表表表", 4), "表… ");
    EXPECT_EQ(fitted("ab", 4), "ab  ");
    EXPECT_EQ(fitted("abcdef", 4), "abc…");
    EXPECT_EQ(fitted("abc", 0), "");
}

TEST(UiText, LinesThatFit) {
    EXPECT_EQ(wrapped("one two three", 11, 4), "one two\n    three");
    EXPECT_EQ(wrapped("one two three", 10, 4), "one\n    two\n    three");
    EXPECT_EQ(wrapped("größer 表表 as", 17, 2), "größer 表表 as");
    EXPECT_EQ(wrapped("größer 表表 as", 15, 2), "größer 表表\n  as");
    EXPECT_EQ(wrapped("a unbreakably", 6, 2), "a\n  unbreakably");
    EXPECT_EQ(wrapped("", 6, 2), "");
}

TEST(UiText, Numbers) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(65536), "64 kB");
    EXPECT_EQ(size_text(5 << 20), "5.0 MB");
    EXPECT_EQ(size_text(1LL << 40), "1.0 TB");
    EXPECT_EQ(count_text(1234567), "1,234,567");
    EXPECT_EQ(count_text(-123), "-123");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(short_count(9999), "9999");
    EXPECT_EQ(short_count(12345), "12.3k");
    EXPECT_EQ(short_count(4560000), "4.56M");
    EXPECT_EQ(duration_text(0.04), "0.0 s");
    EXPECT_EQ(duration_text(59.96), "1:00");
    EXPECT_EQ(duration_text(3723), "1:02:03");
}

} // namespace
} // namespace custody::ui
