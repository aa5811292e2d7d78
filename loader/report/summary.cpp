#include <algorithm>

#include <fmt/format.h>

#include "loader/report/report.hpp"
#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

void count(const std::string &verdict, int &equal, int &different, int &unverified) {
    ++(verdict == "equal" ? equal : verdict == "different" ? different : unverified);
}

std::string plural(int number, const char *one, const char *many) {
    return fmt::format("{} {}", ui::count_text(number), number == 1 ? one : many);
}

bool finished(const Report &report) {
    return report.state == "done" || report.state == "unverified";
}

Exit exit_of(const Report &report, const Summary &summary) {
    if (!finished(report) || !summary.complete())
        return Exit::partial;
    return summary.verdict == "equal" ? Exit::ok : Exit::unverified;
}

std::string headline_of(const Report &report, const Summary &summary) {
    const auto tables = static_cast<int>(report.tables.size());
    if (summary.tables_different + summary.objects_different > 0)
        return fmt::format("{} different on the target",
                           plural(summary.tables_different + summary.objects_different, "object is",
                                  "objects are"));
    if (!finished(report))
        return fmt::format("the migration is not finished: {} of {} verified as equal",
                           ui::count_text(summary.tables_equal), plural(tables, "table", "tables"));
    if (summary.tasks_failed > 0)
        return fmt::format("the rows arrived, but {} failed",
                           plural(summary.tasks_failed, "step", "steps"));
    if (summary.verdict == "equal")
        return fmt::format("everything arrived: {} with {}, all equal",
                           plural(tables, "table", "tables"),
                           summary.rows == 1 ? "1 row" : ui::count_text(summary.rows) + " rows");
    return fmt::format(
        "not everything is verified: {} without proof",
        plural(summary.tables_unverified + summary.objects_unverified, "object", "objects"));
}

bool uses(const Report &report, std::string_view profile) {
    return std::any_of(report.tables.begin(), report.tables.end(),
                       [&](const Table &table) { return table.profile == profile; });
}

bool any_table(const Report &report, bool (*is)(const Table &)) {
    return std::any_of(report.tables.begin(), report.tables.end(), is);
}

} // namespace

Summary summarize(const Report &report) {
    Summary summary;
    for (const auto &table : report.tables) {
        count(table.verdict, summary.tables_equal, summary.tables_different,
              summary.tables_unverified);
        summary.rows += table.source_rows.value_or(0);
        summary.bytes += table.bytes;
        summary.parts += table.parts;
    }
    for (const auto &task : report.tasks) {
        if (task.needs_verdict || !task.verdict.empty())
            count(task.verdict, summary.objects_equal, summary.objects_different,
                  summary.objects_unverified);
        ++(task.state == "done"     ? summary.tasks_done
           : task.state == "benign" ? summary.tasks_benign
           : task.state == "failed" ? summary.tasks_failed
                                    : summary.tasks_pending);
    }
    const bool nothing = report.tables.empty() && report.tasks.empty();
    if (summary.tables_different + summary.objects_different > 0)
        summary.verdict = "different";
    else if (report.state == "done" && !nothing && summary.complete() &&
             summary.tables_unverified + summary.objects_unverified == 0)
        summary.verdict = "equal";
    else
        summary.verdict = "unverified";
    summary.exit = exit_of(report, summary);
    summary.headline = nothing ? "the migration has nothing in it: nothing is proven"
                               : headline_of(report, summary);
    return summary;
}

std::vector<std::string> proves(const Report &report) {
    std::vector<std::string> lines{
        "Each table called equal has the same digest on both sides: the number of its rows, and "
        "the sum of a 128-bit hash of every row, taken over what streamed from the source and, "
        "by the extension inside the target, over what is stored there.",
        "The parts in which a table was copied cover the whole of it, without gap or overlap; a "
        "constraint of the target's state tables says so.",
        report.snapshots.size() > 1
            ? "Each table was read under one of the snapshots shown. One that was read under an "
              "earlier snapshot was found unchanged on the source under the newest."
            : "All rows were read under one snapshot of the source.",
        "No table that was copied had been truncated or rewritten between the snapshot and the "
        "lock on it.",
        "In a table called equal, every row on the target had been written by this migration."};
    if (any_table(report, [](const Table &table) { return table.source_count.has_value(); }))
        lines.emplace_back("An independent count of the rows of the source, under the same "
                           "snapshot, agrees where it is shown.");
    lines.emplace_back("Every table, sequence and large object in scope has a verdict. What could "
                       "not be looked at is called unverified, never equal.");
    return lines;
}

std::vector<std::string> does_not_prove(const Report &report) {
    std::vector<std::string> lines;
    if (uses(report, "fast"))
        lines.emplace_back("The profile \"fast\" (XXH3-128) finds accidents: lost, doubled, cut or "
                           "changed rows. It is no cryptographic hash: somebody who can choose "
                           "the content of rows could forge a second set with the same digest.");
    if (any_table(report, [](const Table &table) { return !table.row_filter.empty(); }))
        lines.emplace_back("For tables with a row filter only the rows that meet it were moved and "
                           "compared.");
    if (any_table(report,
                  [](const Table &table) { return table.reason.starts_with("not counted"); }))
        lines.emplace_back("Some tables were not counted independently: for these, that the source "
                           "sent all its rows rests on the source's own scan.");
    lines.emplace_back("What was written to the source after the snapshot is not on the target. "
                       "\"custody run --final\" compares again with the writers stopped.");
    lines.emplace_back("The content of materialized views, functions and the like is made anew on "
                       "the target from its definition; it is not compared row by row.");
    lines.emplace_back("The report describes the moment of each comparison, not what happened to "
                       "either database since. \"custody verify\" compares again.");
    return lines;
}

} // namespace custody::report
