#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/report/render.hpp"
#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

const char *color_of(std::string_view word) {
    if (word == "equal" || word == "done")
        return "32";
    if (word == "different" || word == "failed" || word == "blocking" || word == "error")
        return "1;31";
    return "33";
}

class Writer {
  public:
    Writer(const Report &report, const TextLook &look)
        : report_(report), look_(look), summary_(summarize(report)) {}

    std::string write() {
        head();
        tables();
        objects();
        steps();
        lists();
        if (summary_.verdict == "equal")
            title("what this does not prove");
        for (const auto &line : does_not_prove(report_))
            if (summary_.verdict == "equal")
                bullet(line);
        return std::move(text_);
    }

  private:
    std::string paint(std::string_view text, const char *code) const {
        return look_.color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    }

    void title(std::string_view name) { text_ += "\n" + paint(name, "1") + "\n"; }

    void bullet(const std::string &line) {
        text_ += "  - " + ui::wrapped(line, look_.width, 4) + "\n";
    }

    void field(std::string_view name, const std::string &value) {
        if (!value.empty())
            append(text_, "  {:<10} {}\n", name, value);
    }

    static std::string server(const Side &side) {
        std::string text = ui::printable(side.description);
        text += fmt::format(", PostgreSQL {}", version_text(side.version));
        return side.identity.empty() ? text : text + ", " + ui::printable(side.identity);
    }

    void head() {
        append(text_, "custody report of migration \"{}\"\n\n", ui::printable(report_.name));
        field("verdict",
              paint(summary_.verdict, color_of(summary_.verdict)) + ": " + summary_.headline);
        field("source", server(report_.source));
        field("target", server(report_.target));
        field("time", fmt::format("{} {}, {}", report_.created_at,
                                  report_.finished_at.empty() ? "and not finished"
                                                              : "to " + report_.finished_at,
                                  ui::duration_text(report_.duration)));
        for (const auto &snapshot : report_.snapshots)
            field(snapshot.number == 1 ? "snapshot" : "",
                  fmt::format("{}: {}{}, {}{}", snapshot.number, ui::printable(snapshot.name),
                              snapshot.lsn.empty() ? "" : " at LSN " + snapshot.lsn,
                              snapshot.taken_at,
                              snapshot.lost_at.empty() ? "" : ", lost " + snapshot.lost_at));
        field("source now", moved());
        field("moved", fmt::format("{} rows, {} in {} part{} of {} table{}",
                                   ui::count_text(summary_.rows), ui::size_text(summary_.bytes),
                                   ui::count_text(summary_.parts), summary_.parts == 1 ? "" : "s",
                                   report_.tables.size(), report_.tables.size() == 1 ? "" : "s"));
        field("version", fmt::format("loader {}, extension {}", report_.loader_version,
                                     report_.extension_version));
    }

    std::string moved() const {
        if (!report_.source_moved.moved)
            return "";
        const std::string at =
            fmt::format("{} at LSN {}", report_.source_moved.looked_at, report_.source_moved.lsn);
        return *report_.source_moved.moved ? "was written to since the snapshot, seen " + at
                                           : "not written to since the snapshot, seen " + at;
    }

    void tables() {
        if (report_.tables.empty())
            return;
        title("tables");
        std::size_t name = 5;
        for (const auto &table : report_.tables)
            name = std::max(name, ui::display_width(ui::printable(table.source)));
        // 15 rows, 34 digest, 8 form, 10 verdict, 8 blanks
        const std::size_t most = look_.width > 100 ? look_.width - 75 : 26;
        name = std::min(name, most);
        text_ += paint(fmt::format("  {}  {:>14}  {:<32}  {:<6}  {}\n", ui::fitted("table", name),
                                   "rows", "digest", "form", "verdict"),
                       "2");
        for (const auto &table : report_.tables)
            table_row(table, name);
    }

    void table_row(const Table &table, std::size_t name) {
        const auto rows = [](const std::optional<std::int64_t> &number) {
            return number ? ui::count_text(*number) : std::string("-");
        };
        append(text_, "  {}  {:>14}  {:<32}  {:<6}  {}\n", fitted_name(table.source, name),
               rows(table.source_rows), table.source_digest, table.form,
               paint(table.verdict, color_of(table.verdict)));
        const bool differs =
            table.target_digest != table.source_digest || table.target_rows != table.source_rows;
        if (differs && table.target_rows)
            append(text_, "  {}  {:>14}  {:<32}\n", ui::fitted("  on the target", name),
                   rows(table.target_rows), table.target_digest);
        if (!table.reason.empty())
            note(table.reason);
        if (table.target != table.source)
            note("as " + table.target);
        if (!table.row_filter.empty())
            note("where " + table.row_filter);
    }

    std::string fitted_name(const std::string &name, std::size_t width) const {
        return ui::fitted(ui::printable(name), width);
    }

    void note(const std::string &text) { append(text_, "    {}\n", ui::printable(text)); }

    /// Sequences, large objects and whatever else has a verdict; equal ones are only counted.
    void objects() {
        std::map<std::string, int> equal;
        std::string rest;
        for (const auto &task : report_.tasks) {
            if (!task.needs_verdict && task.verdict.empty())
                continue;
            if (task.verdict == "equal") {
                ++equal[task.object_type];
                continue;
            }
            const std::string verdict = task.verdict.empty() ? "unverified" : task.verdict;
            append(rest, "  {} {}: {}", ui::printable(task.object_type), ui::printable(task.object),
                   paint(verdict, color_of(verdict)));
            const std::string &why = task.reason.empty() ? task.message : task.reason;
            append(rest, "{}\n", why.empty() ? "" : ", " + ui::printable(why));
        }
        if (equal.empty() && rest.empty())
            return;
        title("other objects");
        for (const auto &[type, number] : equal)
            append(text_, "  {}: {} {}\n", ui::printable(type), number,
                   paint("equal", color_of("equal")));
        text_ += rest;
    }

    /// Numbers of steps of each kind, then those that did not go as planned.
    void steps() {
        std::map<std::string, std::map<std::string, int>> kinds;
        for (const auto &task : report_.tasks)
            ++kinds[task.kind][task.state];
        if (kinds.empty())
            return;
        title("steps");
        for (const auto &[kind, states] : kinds) {
            std::string line;
            for (const char *state : {"done", "benign", "failed", "pending"})
                if (const auto found = states.find(state); found != states.end())
                    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", found->second,
                                        std::string_view(state) == "failed"
                                            ? paint(state, color_of(state))
                                            : state);
            std::string name = kind;
            std::replace(name.begin(), name.end(), '_', ' ');
            append(text_, "  {:<17} {}\n", name, line);
        }
        for (const char *state : {"failed", "benign"})
            for (const auto &task : report_.tasks)
                if (task.state == state)
                    odd_step(task);
    }

    void odd_step(const Task &task) {
        append(text_, "  {} {} {}", paint(task.state, color_of(task.state)),
               ui::printable(task.object_type), ui::printable(task.object));
        const std::string &why = task.message.empty() ? task.note : task.message;
        append(text_, "{}{}\n", why.empty() ? "" : ": " + ui::printable(why),
               task.sqlstate.empty() ? "" : fmt::format(" ({})", task.sqlstate));
        for (const auto &more : {task.detail, task.hint})
            if (!more.empty() && task.state == "failed")
                note(more);
    }

    void lists() {
        if (!report_.not_moved.empty())
            title("not moved");
        for (const auto &line : report_.not_moved)
            bullet(ui::printable(line));
        if (!report_.findings.empty())
            title("findings of the preflight");
        for (const auto &finding : report_.findings)
            bullet(fmt::format("{}{}{}: {}{}", ui::printable(finding.code),
                               finding.object.empty() ? "" : " ", ui::printable(finding.object),
                               ui::printable(finding.seen),
                               finding.remedy.empty() ? "" : "; " + ui::printable(finding.remedy)));
        if (!report_.phases.empty())
            title("time");
        for (const auto &phase : report_.phases)
            append(text_, "  {} {:>10}\n", ui::fitted(ui::printable(phase.name), 24),
                   ui::duration_text(phase.timing.seconds()));
    }

    const Report &report_;
    const TextLook &look_;
    Summary summary_;
    std::string text_;
};

} // namespace

std::string render_text(const Report &report, const TextLook &look) {
    return Writer(report, look).write();
}

} // namespace custody::report
