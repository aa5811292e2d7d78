#include "loader/report/status.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/core/json.hpp"
#include "loader/report/load.hpp"
#include "loader/report/output.hpp"
#include "loader/ui/progress.hpp"
#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

constexpr int kStatusSchemaVersion = 1;
constexpr std::size_t kMostShown = 40;

std::optional<std::int64_t> number(const pq::Result &result, int row, const char *column) {
    const int at = result.column(column);
    return result.is_null(row, at) ? std::nullopt : std::optional(result.number<>(row, at));
}

/// Tables come with their verdicts; the names of the target are the key of both views.
constexpr const char *kObjects =
    "SELECT p.object, p.command, p.phase, p.pid, p.parts_total, p.parts_done, p.bytes_total,"
    " p.bytes_processed, p.tuples_total, p.tuples_processed, p.blocks_total, p.blocks_done,"
    " p.started_at, v.verdict, v.reason"
    " FROM custody.migration_progress p LEFT JOIN custody.migration_verdict v"
    " ON p.command = 'COPY' AND v.migration_id = p.migration_id AND v.object_type = 'table'"
    " AND v.target_object = p.object AND v.state = 'verified'"
    " WHERE p.migration_id = $1 ORDER BY p.command <> 'COPY', p.bytes_total DESC NULLS LAST,"
    " p.object";

StatusObject object(const pq::Result &r, int i) {
    const auto text = [&](const char *column) { return r.str(i, r.column(column)); };
    StatusObject object;
    object.object = text("object");
    object.command = text("command");
    object.phase = text("phase");
    if (const auto pid = number(r, i, "pid"))
        object.pid = static_cast<int>(*pid);
    object.parts_total = number(r, i, "parts_total");
    object.parts_done = number(r, i, "parts_done");
    object.bytes_total = number(r, i, "bytes_total");
    object.bytes_processed = number(r, i, "bytes_processed");
    object.tuples_total = number(r, i, "tuples_total");
    object.tuples_processed = number(r, i, "tuples_processed");
    object.blocks_total = number(r, i, "blocks_total");
    object.blocks_done = number(r, i, "blocks_done");
    object.started_at = text("started_at");
    object.verdict = text("verdict");
    object.reason = text("reason");
    return object;
}

bool at_work(const StatusObject &object) {
    return object.pid.has_value() || object.phase == "copying" || object.phase == "verifying" ||
           object.phase == "running";
}

/// What a reader looks for: what runs, what failed, what differs; then what waits.
int rank(const StatusObject &object) {
    if (object.phase == "failed" || object.verdict == "different")
        return 0;
    if (at_work(object))
        return 1;
    if (object.phase == "waiting" && object.parts_done.value_or(0) > 0)
        return 2;
    return object.is_table() && object.phase != "verified" ? 3 : 4;
}

std::string progress_of(const StatusObject &object) {
    if (object.parts_total.value_or(0) > 1)
        return fmt::format("{} of {} parts", object.parts_done.value_or(0), *object.parts_total);
    if (object.blocks_total.value_or(0) > 0)
        return fmt::format("{} %", object.blocks_done.value_or(0) * 100 / *object.blocks_total);
    return "";
}

const char *color_of(const StatusObject &object) {
    return rank(object) == 0 ? "1;31" : rank(object) == 1 ? "36" : "0";
}

nlohmann::ordered_json object_json(const StatusObject &object) {
    const auto maybe = [](const auto &value) {
        return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
    };
    const auto text = [](const std::string &value) {
        return value.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
    };
    return {{"object", object.object},
            {"command", object.command},
            {"phase", object.phase},
            {"pid", maybe(object.pid)},
            {"parts_total", maybe(object.parts_total)},
            {"parts_done", maybe(object.parts_done)},
            {"bytes_total", maybe(object.bytes_total)},
            {"bytes_processed", maybe(object.bytes_processed)},
            {"tuples_total", maybe(object.tuples_total)},
            {"tuples_processed", maybe(object.tuples_processed)},
            {"blocks_total", maybe(object.blocks_total)},
            {"blocks_done", maybe(object.blocks_done)},
            {"started_at", text(object.started_at)},
            {"verdict", text(object.verdict)},
            {"reason", text(object.reason)}};
}

/// "12 verified, 3 copying, 5 waiting"
std::string phases_text(const Status &status, bool tables) {
    std::map<std::string, int> phases;
    for (const auto &object : status.objects)
        if (object.is_table() == tables)
            ++phases[object.phase];
    std::string text;
    for (const auto &[phase, number] : phases)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", ui::count_text(number),
                            ui::printable(phase));
    return text;
}

} // namespace

Status load_status(pq::Connection &target, const std::string &name) {
    Status status;
    status.id = find(target, name);
    const std::string id = std::to_string(status.id);
    const auto m = target.query(
        "SELECT m.name, m.state, m.source, m.created_at::timestamptz(0),"
        " m.finished_at::timestamptz(0),"
        " (SELECT concat_ws(' from ', nullif(w.application_name, ''), coalesce(w.client_addr::text,"
        " 'local')) FROM custody.migration_worker w"
        " WHERE w.migration_id = m.id AND w.kind = 'run' LIMIT 1)"
        " FROM custody.migration m WHERE m.id = $1",
        id);
    status.name = m.str(0, 0);
    status.state = m.str(0, 1);
    status.source = m.str(0, 2);
    status.created_at = m.str(0, 3);
    status.finished_at = m.str(0, 4);
    status.holder = m.str(0, 5);
    const auto r = target.query(kObjects, id);
    for (int i = 0; i < r.rows(); ++i)
        status.objects.push_back(object(r, i));
    return status;
}

std::string render_status_text(const Status &status, bool color) {
    std::string text =
        fmt::format("migration \"{}\" is {}{}\n", ui::printable(status.name), status.state,
                    status.finished_at.empty() ? "" : " since " + status.finished_at);
    const bool unfinished = status.state == "open" || status.state == "partial";
    append(text, "  source   {}\n  started  {}\n", ui::printable(status.source), status.created_at);
    if (unfinished)
        append(text, "  run by   {}\n",
               status.holder.empty() ? "nobody; \"custody run\" goes on with it"
                                     : ui::printable(status.holder));
    for (const bool tables : {true, false})
        if (const std::string phases = phases_text(status, tables); !phases.empty())
            append(text, "  {:<7}  {}\n", tables ? "tables" : "steps", phases);

    std::vector<const StatusObject *> shown;
    for (const auto &object : status.objects)
        if (rank(object) < 4)
            shown.push_back(&object);
    std::stable_sort(shown.begin(), shown.end(),
                     [](const auto *a, const auto *b) { return rank(*a) < rank(*b); });
    if (shown.empty())
        return text;
    const std::size_t more = shown.size() > kMostShown ? shown.size() - kMostShown : 0;
    shown.resize(shown.size() - more);
    append(text, "\n  {}  {:<14} {:>12} {:>10}  {}\n", ui::fitted("object", 38), "phase", "rows",
           "bytes", "progress");
    for (const auto *object : shown) {
        std::string line =
            fmt::format("  {}  {} {:>12} {:>10}  {}", ui::fitted(ui::printable(object->object), 38),
                        ui::fitted(ui::printable(object->phase), 14),
                        object->tuples_processed ? ui::count_text(*object->tuples_processed) : "",
                        object->bytes_processed ? ui::size_text(*object->bytes_processed) : "",
                        progress_of(*object));
        line.erase(line.find_last_not_of(' ') + 1);
        text += color ? fmt::format("\x1b[{}m{}\x1b[0m\n", color_of(*object), line) : line + "\n";
        if (object->verdict == "different")
            append(text, "    {}\n", ui::printable(object->reason));
    }
    if (more > 0)
        append(text, "  and {} more; --json shows all\n", more);
    return text;
}

std::string render_status_json(const Status &status) {
    using Json = nlohmann::ordered_json;
    Json document;
    document["schema_version"] = kStatusSchemaVersion;
    document["migration"] = {
        {"id", status.id},
        {"name", status.name},
        {"state", status.state},
        {"source", status.source},
        {"created_at", status.created_at},
        {"finished_at", status.finished_at.empty() ? Json(nullptr) : Json(status.finished_at)},
        {"run_by", status.holder.empty() ? Json(nullptr) : Json(status.holder)}};
    document["objects"] = Json::array();
    for (const auto &object : status.objects)
        document["objects"].push_back(object_json(object));
    return json_document(document);
}

void print_status(const cli::Options &options, pq::Connection &target) {
    const Status status = load_status(target, options.name);
    write_stdout(options.json
                     ? render_status_json(status)
                     : render_status_text(status, ui::use_color(STDOUT_FILENO, options.color)));
}

} // namespace custody::report
