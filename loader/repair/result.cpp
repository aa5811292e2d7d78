#include "loader/repair/result.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/json.hpp"

namespace custody::repair {
namespace {

constexpr int kSchemaVersion = 1;

/// What is not known is null.
nlohmann::json text_json(const std::string &text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

nlohmann::json counts_json(const Counts &counts) {
    return {{"insert", counts.inserts}, {"update", counts.updates}, {"delete", counts.deletes}};
}

nlohmann::json failures_json(const std::vector<Failure> &failures) {
    auto list = nlohmann::json::array();
    for (const auto &failure : failures)
        list.push_back({{"action", failure.action},
                        {"object", failure.object},
                        {"sqlstate", text_json(failure.sqlstate)},
                        {"message", failure.message},
                        {"detail", text_json(failure.detail)}});
    return list;
}

nlohmann::json tables_json(const std::vector<TableResult> &tables) {
    auto list = nlohmann::json::array();
    for (const auto &table : tables)
        list.push_back({{"type", table.type},
                        {"name", table.name},
                        {"target", table.target_name},
                        {"missing", table.missing},
                        {"extra", table.extra},
                        {"different", table.different},
                        {"in_flight", table.in_flight},
                        {"planned", counts_json(table.planned)},
                        {"extra_left", table.extra_left},
                        {"verdict", table.verdict},
                        {"reason", text_json(table.reason)}});
    return list;
}

std::string words(const Counts &counts) {
    return fmt::format("{} inserted, {} updated, {} deleted", counts.inserts, counts.updates,
                       counts.deletes);
}

std::string planned_words(const Counts &counts) {
    return fmt::format("{} to insert, {} to update, {} to delete", counts.inserts, counts.updates,
                       counts.deletes);
}

/// Every change of it was made, and yet it is different.
bool changed_again(const Result &result, const TableResult &table) {
    return result.mode == Mode::apply && result.failed == 0 && result.refused.empty() &&
           table.planned.total() > 0 && table.extra_left == 0 &&
           table.verdict == protocol::verdict::kDifferent;
}

std::string table_line(const Result &result, const TableResult &table, std::size_t width) {
    std::string what = table.planned.total() > 0 ? planned_words(table.planned) : "";
    const auto add = [&](const std::string &more) { what += (what.empty() ? "" : "; ") + more; };
    if (table.extra_left > 0)
        add(fmt::format("{} extra row{} left (--delete)", table.extra_left,
                        table.extra_left == 1 ? "" : "s"));
    if (table.in_flight > 0)
        add(fmt::format("{} in flight", table.in_flight));
    if (!table.reason.empty())
        add(table.reason);
    if (changed_again(result, table))
        add("changed again after the repair, by a trigger or by somebody else");
    if (what.empty())
        what = "nothing to change";
    return fmt::format("{:<{}}  {:<10}  {}\n", table.name, width, table.verdict, what);
}

std::string failure_lines(std::string_view heading, const std::vector<Failure> &failures,
                          std::uint64_t all) {
    std::string text;
    for (const auto &failure : failures) {
        text += fmt::format("{}: {} {}: {}{}{}\n", heading, failure.action, failure.object,
                            failure.sqlstate.empty() ? "" : failure.sqlstate + " ", failure.message,
                            failure.detail.empty() ? "" : ": " + failure.detail);
    }
    if (all > failures.size())
        text += fmt::format("{}: {} more\n", heading, all - failures.size());
    return text;
}

std::string summary(const Result &result) {
    if (result.mode == Mode::apply)
        return fmt::format("{} in {} batch{}, {} failed; {}\n", words(result.applied),
                           result.batches, result.batches == 1 ? "" : "es", result.failed,
                           result.verdict());
    return fmt::format("{}{}\n", planned_words(result.planned),
                       result.equal()                 ? "; equal"
                       : !result.output.empty()       ? "; script written to " + result.output
                       : result.mode == Mode::dry_run ? "; nothing was written"
                                                      : "");
}

} // namespace

std::string_view mode_name(Mode mode) noexcept {
    switch (mode) {
    case Mode::script:
        return "script";
    case Mode::apply:
        return "apply";
    case Mode::dry_run:
        return "dry-run";
    }
    return "";
}

bool Result::equal() const {
    return !tables.empty() && std::all_of(tables.begin(), tables.end(), [](const auto &table) {
        return table.verdict == protocol::verdict::kEqual;
    });
}

std::string_view Result::verdict() const {
    const bool different = std::any_of(tables.begin(), tables.end(), [](const auto &table) {
        return table.verdict == protocol::verdict::kDifferent;
    });
    return equal()     ? protocol::verdict::kEqual
           : different ? protocol::verdict::kDifferent
                       : protocol::verdict::kUnverified;
}

Exit Result::exit() const {
    if (equal())
        return Exit::ok;
    return failed > 0 ? Exit::partial : Exit::unverified;
}

std::string render_text(const Result &result) {
    std::size_t width = 6;
    for (const auto &table : result.tables)
        width = std::max(width, table.name.size());
    std::string text;
    for (const auto &table : result.tables)
        text += table_line(result, table, width);
    text += failure_lines("cannot be repaired", result.refused, result.refused.size());
    text += failure_lines("failed", result.failures, result.failed);
    return text + summary(result);
}

std::string render_json(const Result &result) {
    auto looks = nlohmann::json::array();
    for (const auto &look : result.looks)
        looks.push_back(
            {{"source_lsn", look.source_lsn}, {"target_lsn", look.target_lsn}, {"at", look.at}});
    return json_document(nlohmann::json{{"schema_version", kSchemaVersion},
                                        {"mode", mode_name(result.mode)},
                                        {"source", {{"description", result.source}}},
                                        {"target", {{"description", result.target}}},
                                        {"looks", std::move(looks)},
                                        {"verdict", result.verdict()},
                                        {"tables", tables_json(result.tables)},
                                        {"planned", counts_json(result.planned)},
                                        {"applied", counts_json(result.applied)},
                                        {"statements", result.statements},
                                        {"batches", result.batches},
                                        {"already", result.already},
                                        {"refused", failures_json(result.refused)},
                                        {"failures", failures_json(result.failures)},
                                        {"failed", result.failed},
                                        {"output", text_json(result.output)}});
}

} // namespace custody::repair
