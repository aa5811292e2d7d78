#include "loader/plan/describe.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "loader/plan/json.hpp"
#include "loader/plan/sql.hpp"

namespace custody::plan {
namespace {

using Row = std::array<std::string, 6>;
constexpr std::array<bool, 6> kRightAligned{false, true, true, true, false, false};

std::size_t width(const std::string &text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) >> 6) != 2;
    }));
}

std::string size_text(std::int64_t bytes) {
    constexpr std::array<const char *, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, kUnits[unit]);
}

std::string how(const Table &table) {
    std::vector<std::string> words;
    if (table.schema != table.target_schema || table.name != table.target_name)
        words.push_back(fmt::format("to {}.{}", table.target_schema, table.target_name));
    if (!table.leaves.empty())
        words.push_back(fmt::format("{} partition{}", table.leaves.size(),
                                    table.leaves.size() == 1 ? "" : "s"));
    if (table.routed)
        words.emplace_back("placed by the target");
    if (table.method == PartMethod::ctid)
        words.emplace_back("by block ranges");
    if (table.method == PartMethod::key)
        words.push_back(fmt::format("by ranges of {}", table.part_key));
    if (can_freeze(table))
        words.emplace_back("frozen");
    if (table.extension_config)
        words.push_back(fmt::format("rows of extension {}", table.extension));
    else if (!table.row_filter.empty())
        words.emplace_back("filtered");
    if (table.persistence == "u")
        words.emplace_back("unlogged");
    const auto casts = std::count_if(table.columns.begin(), table.columns.end(),
                                     [](const Column &column) { return !column.cast.empty(); });
    if (casts > 0)
        words.push_back(fmt::format("{} cast{}", casts, casts == 1 ? "" : "s"));
    return fmt::format("{}", fmt::join(words, ", "));
}

Row row(const Table &table) {
    return {table.schema + "." + table.name,
            "~" + std::to_string(table.estimated_rows),
            size_text(table.bytes),
            std::to_string(table.parts.size()),
            std::string(wire::form_name(table.form)),
            how(table)};
}

std::string aligned(const std::vector<Row> &rows) {
    std::array<std::size_t, 6> widths{};
    for (const Row &row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    std::string text;
    for (const Row &row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string pad(widths[i] - width(row[i]), ' ');
            line += (i == 0 ? "" : "  ") + (kRightAligned[i] ? pad + row[i] : row[i] + pad);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string server(const char *role, const Server &server) {
    if (server.version == 0)
        return "";
    return fmt::format("{}: {} (PostgreSQL {}, {}{})\n", role, server.description,
                       server.version / 10000, server.encoding,
                       server.in_recovery ? ", hot standby" : "");
}

std::string totals(const Plan &plan) {
    std::int64_t rows = 0, bytes = 0;
    std::size_t parts = 0;
    for (const auto &table : plan.tables) {
        rows += table.estimated_rows;
        bytes += table.bytes;
        parts += table.parts.size();
    }
    return fmt::format("{} table{}, ~{} rows, {}, {} part{}\n", plan.tables.size(),
                       plan.tables.size() == 1 ? "" : "s", rows, size_text(bytes), parts,
                       parts == 1 ? "" : "s");
}

} // namespace

std::string describe(const Finding &finding) {
    std::string text = fmt::format("{} {}: ", severity_name(finding.severity), finding.code);
    if (!finding.object.empty())
        text += finding.object + ": ";
    text += finding.seen + "\n";
    if (!finding.remedy.empty())
        text += "    hint: " + finding.remedy + "\n";
    return text;
}

std::string describe(const Plan &plan) {
    std::string text = server("source", plan.source) + server("target", plan.target) + "\n";
    std::vector<Row> rows{{"table", "rows", "size", "parts", "form", "how"}};
    for (const auto &table : plan.tables)
        rows.push_back(row(table));
    text += aligned(rows) + totals(plan);

    std::string reasons;
    for (const auto &table : plan.tables)
        if (!table.form_reason.empty())
            reasons += fmt::format("  {}.{}: {}\n", table.schema, table.name, table.form_reason);
    if (!reasons.empty())
        text += "\ntext form because of\n" + reasons;
    if (!plan.not_moved.empty())
        text += fmt::format("\nnot moved\n  {}\n", fmt::join(plan.not_moved, "\n  "));
    if (!plan.findings.empty())
        text += "\nfindings\n";
    for (const auto severity : {Severity::blocking, Severity::warning, Severity::info})
        for (const auto &finding : plan.findings)
            if (finding.severity == severity)
                text += describe(finding);
    return text;
}

} // namespace custody::plan
