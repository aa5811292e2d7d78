#include "loader/report/html.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/report/render.hpp"
#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

using html::chip;
using html::escaped;
using html::message;
using html::verdict_class;

std::string count(const std::optional<std::int64_t> &number) {
    return number ? ui::count_text(*number) : "–";
}

class Page {
  public:
    explicit Page(const Report &report) : report_(report), summary_(summarize(report)) {}

    std::string write() {
        begin();
        numbers();
        sides();
        snapshots();
        time();
        tables();
        objects();
        steps();
        findings();
        list("Not moved", report_.not_moved);
        if (!report_.tables.empty())
            list("What this shows", proves(report_));
        list("What this does not show", does_not_prove(report_));
        check();
        log();
        add("<footer>custody {} · report made {} · schema version {}</footer>\n</body>\n</html>\n",
            escaped(report_.loader_version), escaped(report_.generated_at), kSchemaVersion);
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }

    void begin() {
        const auto heading = fmt::format("Report of migration “{}”", report_.name);
        add("{}", html::page_start({report_.name, heading, report_.generated_at, summary_.verdict,
                                    summary_.headline, ""}));
    }

    void number(const std::string &value, std::string_view name) {
        add("<div><b>{}</b><span>{}</span></div>\n", escaped(value), name);
    }

    void numbers() {
        add("<div class=\"numbers\">\n");
        number(ui::count_text(static_cast<std::int64_t>(report_.tables.size())), "tables");
        number(ui::count_text(summary_.rows), "rows");
        number(ui::size_text(summary_.bytes), "streamed");
        number(ui::duration_text(report_.duration), "from start to end");
        number(ui::count_text(summary_.objects_equal + summary_.objects_different +
                              summary_.objects_unverified),
               "other objects compared");
        number(ui::count_text(summary_.tasks_done + summary_.tasks_benign), "steps done");
        add("</div>\n");
    }

    void entry(std::string_view name, const std::string &value) {
        if (!value.empty())
            add("<dt>{}</dt><dd>{}</dd>\n", name, value);
    }

    void side(std::string_view title, const Side &side) {
        add("<div class=\"card\"><h3>{}</h3><dl>\n", title);
        entry("database", "<strong>" + escaped(side.description) + "</strong>");
        entry("server", "PostgreSQL " + version_text(side.version));
        entry("identity", side.identity.empty()
                              ? ""
                              : "<span class=\"mono\">" + escaped(side.identity) + "</span>");
        entry("encoding", escaped(side.encoding));
        entry("role", escaped(side.user));
        add("</dl></div>\n");
    }

    void sides() {
        add("<h2>From where to where</h2>\n<div class=\"sides\">\n");
        side("Source", report_.source);
        side("Target", report_.target);
        add("</div>\n<div class=\"card\" style=\"margin-top:16px\"><dl>\n");
        entry("started", escaped(report_.created_at));
        entry("finished",
              report_.finished_at.empty() ? "not finished" : escaped(report_.finished_at));
        entry("state", escaped(report_.state));
        entry("versions",
              fmt::format("loader {}, extension {}, protocol {}", escaped(report_.loader_version),
                          escaped(report_.extension_version), report_.protocol));
        for (const auto &run : report_.runs)
            entry("run",
                  fmt::format("{} on {} with {} jobs: {}", escaped(run.started_at),
                              escaped(run.host), run.jobs,
                              run.exit_code < 0 ? std::string("ended without a word")
                                                : fmt::format("exit code {}", run.exit_code)));
        add("</dl></div>\n");
    }

    void snapshots() {
        if (report_.snapshots.empty())
            return;
        add("<h2>Snapshot of the source</h2>\n<div class=\"wide\"><table><thead><tr><th>#</th>"
            "<th>Name</th><th>LSN</th><th>Transactions</th><th>Taken</th><th>Tables locked and "
            "checked</th><th>Held</th></tr></thead><tbody>\n");
        for (const auto &snapshot : report_.snapshots)
            add("<tr><td>{}</td><td class=\"mono\">{}</td><td class=\"mono\">{}</td>"
                "<td class=\"mono\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                snapshot.number, escaped(snapshot.name), escaped(snapshot.lsn),
                escaped(snapshot.xmin_xmax), escaped(snapshot.taken_at),
                escaped(snapshot.locked_at),
                snapshot.lost_at.empty() ? "to the end" : "lost " + escaped(snapshot.lost_at));
        add("</tbody></table></div>\n<p class=\"soft\" style=\"margin-top:10px\">{}</p>\n",
            moved());
    }

    std::string moved() const {
        const auto &source = report_.source_moved;
        if (!source.moved)
            return "Nobody looked whether the source was written to after the snapshot.";
        return fmt::format("{} Seen {} at LSN <span class=\"mono\">{}</span>.",
                           *source.moved
                               ? "The source has been written to since the snapshot: rows of later "
                                 "transactions are not on the target."
                               : "The source had not been written to since the snapshot.",
                           escaped(source.looked_at), escaped(source.lsn));
    }

    void time() {
        const std::string picture = html::timeline(report_);
        if (picture.empty())
            return;
        add("<h2>Where the time went</h2>\n<div class=\"card\">\n{}</div>\n", picture);
    }

    void tables() {
        if (report_.tables.empty())
            return;
        add("<h2>Tables</h2>\n<div class=\"wide\"><table><thead><tr><th>Table</th>"
            "<th class=\"n\">Rows</th><th>Digest</th><th>Form</th><th class=\"n\">Streamed</th>"
            "<th class=\"n\">Time</th><th>Verdict</th></tr></thead><tbody>\n");
        for (const auto &table : report_.tables)
            table_row(table);
        add("</tbody></table></div>\n");
    }

    void table_row(const Table &table) {
        const std::string more = details(table);
        const bool differs = table.target_rows && (table.target_digest != table.source_digest ||
                                                   table.target_rows != table.source_rows);
        std::string rows = count(table.source_rows);
        std::string digest = escaped(table.source_digest);
        if (differs) {
            rows += "<br>" + count(table.target_rows);
            digest += "<br>" + escaped(table.target_digest) + " (target)";
        }
        add("<tr{}><td class=\"name\">{}</td><td class=\"n\">{}</td><td class=\"mono\">{}</td>"
            "<td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
            more.empty() ? "" : " class=\"has-more\"", escaped(table.source), rows, digest,
            escaped(table.form), ui::size_text(table.bytes),
            table.copy.end < 0 ? "–" : ui::duration_text(table.copy.seconds()),
            chip(table.verdict));
        if (!more.empty())
            add("<tr class=\"more\"><td colspan=\"7\" class=\"soft\">{}</td></tr>\n", more);
    }

    static std::string details(const Table &table) {
        std::vector<std::string> parts;
        if (!table.reason.empty())
            parts.push_back(message(table.reason));
        if (table.target != table.source)
            parts.push_back("on the target " + escaped(table.target));
        if (!table.row_filter.empty())
            parts.push_back("only rows where <code>" + escaped(table.row_filter) + "</code>");
        if (table.parts > 1)
            parts.push_back(fmt::format("{} parts by {}", table.parts, escaped(table.method)));
        const auto odd = [&](const std::optional<std::int64_t> &number, const char *what) {
            if (number.value_or(0) != 0)
                parts.push_back(fmt::format("{} {}", ui::count_text(*number), what));
        };
        odd(table.foreign_rows, "rows that somebody else wrote");
        odd(table.generated_wrong, "rows with a wrong generated column");
        odd(table.lossy_rows, "rows that did not survive a cast");
        if (table.source_count && table.source_count != table.source_rows)
            parts.push_back("counted on the source: " + ui::count_text(*table.source_count));
        return fmt::format("{}", fmt::join(parts, " · "));
    }

    /// Sequences, large objects, ...: one line for each that is not equal, the rest as numbers.
    void objects() {
        std::map<std::string, int> equal;
        std::string rest;
        for (const auto &task : report_.tasks) {
            if (!task.needs_verdict && task.verdict.empty())
                continue;
            if (task.verdict == "equal" && task.reason.empty()) {
                ++equal[task.object_type];
                continue;
            }
            const std::string verdict = task.verdict.empty() ? "unverified" : task.verdict;
            rest += fmt::format(
                "<tr><td>{}</td><td class=\"name\">{}</td><td class=\"mono\">{}</td>"
                "<td class=\"mono\">{}</td><td>{} <span class=\"soft\">{}</span></td></tr>\n",
                escaped(task.object_type), escaped(task.object), escaped(task.source_value),
                escaped(task.target_value), chip(verdict),
                message(task.reason.empty() ? task.message : task.reason));
        }
        if (equal.empty() && rest.empty())
            return;
        add("<h2>Other objects that were compared</h2>\n<p>");
        for (const auto &[type, number] : equal)
            add("<span class=\"chip equal\">{}: {} equal</span> ", escaped(type), number);
        add("</p>\n");
        if (!rest.empty())
            add("<div class=\"wide\"><table><thead><tr><th>Kind</th><th>Name</th><th>Source</th>"
                "<th>Target</th><th>Verdict</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
                rest);
    }

    void steps() {
        std::map<std::string, std::map<std::string, int>> kinds;
        std::map<std::string, double> seconds;
        for (const auto &task : report_.tasks) {
            ++kinds[task.kind][task.state];
            seconds[task.kind] += task.timing.seconds();
        }
        if (kinds.empty())
            return;
        add("<h2>Steps</h2>\n<div class=\"wide\"><table><thead><tr><th>Kind</th>"
            "<th class=\"n\">Done</th><th class=\"n\">Benign</th><th class=\"n\">Failed</th>"
            "<th class=\"n\">Not done</th><th class=\"n\">Time of all</th></tr></thead><tbody>\n");
        for (auto &[kind, states] : kinds) {
            std::string name = kind;
            std::replace(name.begin(), name.end(), '_', ' ');
            add("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
                "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                escaped(name), states["done"], states["benign"], states["failed"],
                states["pending"], ui::duration_text(seconds[kind]));
        }
        add("</tbody></table></div>\n");
        for (const std::string_view state : {"failed", "benign"})
            odd_steps(state);
    }

    void odd_steps(std::string_view state) {
        std::string rows;
        for (const auto &task : report_.tasks)
            if (task.state == state)
                rows += fmt::format(
                    "<tr><td>{}</td><td>{}</td><td class=\"name\">{}</td><td class=\"mono\">{}</td>"
                    "<td>{}{}{}</td></tr>\n",
                    state == "failed" ? chip(state) : "<span class=\"chip plain\">benign</span>",
                    escaped(task.object_type), escaped(task.object), escaped(task.sqlstate),
                    message(task.message.empty() ? task.note : task.message),
                    task.detail.empty() ? "" : "<br>" + message(task.detail),
                    task.hint.empty() ? "" : "<br><em>" + message(task.hint) + "</em>");
        if (!rows.empty())
            add("<h2>{}</h2>\n<div class=\"wide\"><table><thead><tr><th></th><th>Kind</th>"
                "<th>Name</th><th>SQLSTATE</th><th>What was said</th></tr></thead><tbody>\n{}"
                "</tbody></table></div>\n",
                state == "failed" ? "Steps that failed" : "Steps whose object was there already",
                rows);
    }

    void findings() {
        if (report_.findings.empty())
            return;
        add("<h2>Findings before the start</h2>\n<div class=\"wide\"><table><thead><tr><th></th>"
            "<th>Code</th><th>Object</th><th>What was seen, and what to do</th></tr></thead>"
            "<tbody>\n");
        for (const auto &finding : report_.findings) {
            const std::string_view severity =
                finding.severity == plan::Severity::blocking  ? "blocking"
                : finding.severity == plan::Severity::warning ? "warning"
                                                              : "info";
            const std::string mark =
                severity == "info" ? "<span class=\"chip plain\">info</span>" : chip(severity);
            add("<tr><td>{}</td><td class=\"mono\">{}</td><td class=\"name\">{}</td><td>{}"
                "<br><span class=\"soft\">{}</span></td></tr>\n",
                mark, escaped(finding.code), escaped(finding.object), message(finding.seen),
                message(finding.remedy));
        }
        add("</tbody></table></div>\n");
    }

    void list(std::string_view title, const std::vector<std::string> &lines) {
        if (lines.empty())
            return;
        add("<h2>{}</h2>\n<ul>\n", title);
        for (const auto &line : lines)
            add("<li>{}</li>\n", escaped(line));
        add("</ul>\n");
    }

    /// What a reader can run in psql to see the same.
    void check() {
        std::string name;
        for (const char c : report_.name)
            name += c == '\'' ? "''" : std::string(1, c);
        add("<h2>Check it yourself</h2>\n<p>On the target, in psql:</p>\n<pre class=\"mono\">"
            "SELECT * FROM custody.migration_verdict WHERE migration = '{}';\n"
            "SELECT * FROM custody.migration_unproven({});  -- empty: everything is proven\n"
            "SELECT rows, sum FROM custody.digest_info(custody.table_digest('schema.table'));\n",
            escaped(name), report_.id);
        add("</pre>\n");
    }

    void log() {
        if (report_.log.empty())
            return;
        add("<h2>Log of the migration</h2>\n<div class=\"wide\"><table><tbody>\n");
        for (const auto &line : report_.log)
            add("<tr><td class=\"soft\" style=\"white-space:nowrap\">{}</td><td>{}</td>"
                "<td class=\"name\">{}</td><td>{}</td></tr>\n",
                escaped(line.at), escaped(line.severity), escaped(line.object),
                message(line.message));
        add("</tbody></table></div>\n");
    }

    const Report &report_;
    Summary summary_;
    std::string text_;
};

} // namespace

std::string render_html(const Report &report) { return Page(report).write(); }

} // namespace custody::report
