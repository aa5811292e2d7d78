
#include "loader/core/json.hpp"
#include "loader/plan/json.hpp"
#include "loader/report/render.hpp"

namespace custody::report {
namespace {

using Json = nlohmann::ordered_json;

template <typename T> Json maybe(const std::optional<T> &value) {
    return value ? Json(*value) : Json(nullptr);
}

/// A time that was not set is null, not "".
Json text(const std::string &value) { return value.empty() ? Json(nullptr) : Json(value); }

Json timing(const Timing &timing) {
    if (timing.start < 0)
        return nullptr;
    return {{"start", timing.start},
            {"end", timing.end < timing.start ? Json(nullptr) : Json(timing.end)}};
}

template <typename Range, typename Function> Json list(const Range &range, Function function) {
    Json result = Json::array();
    for (const auto &element : range)
        result.push_back(function(element));
    return result;
}

Json side(const Side &side) {
    return {{"description", side.description},
            {"identity", text(side.identity)},
            {"server_version", version_text(side.version)},
            {"server_version_num", side.version},
            {"encoding", text(side.encoding)},
            {"user", text(side.user)}};
}

Json snapshot(const Snapshot &snapshot) {
    return {{"number", snapshot.number},
            {"name", snapshot.name},
            {"system_identifier", snapshot.system_identifier},
            {"lsn", text(snapshot.lsn)},
            {"xmin_xmax", text(snapshot.xmin_xmax)},
            {"taken_at", text(snapshot.taken_at)},
            {"locked_at", text(snapshot.locked_at)},
            {"lost_at", text(snapshot.lost_at)}};
}

Json table(const Table &table) {
    return {{"source", table.source},
            {"target", table.target},
            {"state", table.state},
            {"verdict", table.verdict},
            {"reason", text(table.reason)},
            {"source_rows", maybe(table.source_rows)},
            {"target_rows", maybe(table.target_rows)},
            {"source_digest", text(table.source_digest)},
            {"target_digest", text(table.target_digest)},
            {"source_count", maybe(table.source_count)},
            {"foreign_rows", maybe(table.foreign_rows)},
            {"generated_wrong", maybe(table.generated_wrong)},
            {"lossy_rows", maybe(table.lossy_rows)},
            {"form", table.form},
            {"profile", text(table.profile)},
            {"encoding_version", table.encoding_version},
            {"buckets", table.buckets},
            {"row_filter", text(table.row_filter)},
            {"method", table.method},
            {"parts", table.parts},
            {"bytes", table.bytes},
            {"partitions", table.partitions},
            {"columns", table.columns},
            {"key", table.key},
            {"snapshot", maybe(table.snapshot)},
            {"confirmed_snapshot", maybe(table.confirmed_snapshot)},
            {"verified_at", text(table.verified_at)},
            {"copy", timing(table.copy)}};
}

Json task(const Task &task) {
    Json result = {{"id", task.id},
                   {"kind", task.kind},
                   {"phase", task.phase},
                   {"object_type", task.object_type},
                   {"object", task.object},
                   {"state", task.state},
                   {"verdict", text(task.verdict)},
                   {"reason", text(task.reason)},
                   {"source_rows", maybe(task.source_rows)},
                   {"target_rows", maybe(task.target_rows)},
                   {"source_value", text(task.source_value)},
                   {"target_value", text(task.target_value)},
                   {"note", text(task.note)},
                   {"time", timing(task.timing)}};
    result["error"] = task.message.empty() ? Json(nullptr)
                                           : Json{{"sqlstate", text(task.sqlstate)},
                                                  {"message", task.message},
                                                  {"detail", text(task.detail)},
                                                  {"hint", text(task.hint)}};
    return result;
}

Json run(const Run &run) {
    return {{"host", run.host},
            {"loader_version", run.loader_version},
            {"jobs", run.jobs},
            {"started_at", text(run.started_at)},
            {"finished_at", text(run.finished_at)},
            {"exit_code", run.exit_code < 0 ? Json(nullptr) : Json(run.exit_code)}};
}

Json summary(const Report &report) {
    const Summary s = summarize(report);
    return {{"verdict", s.verdict},
            {"headline", s.headline},
            {"exit_code", static_cast<int>(s.exit)},
            {"rows", s.rows},
            {"bytes", s.bytes},
            {"parts", s.parts},
            {"tables",
             {{"equal", s.tables_equal},
              {"different", s.tables_different},
              {"unverified", s.tables_unverified}}},
            {"objects",
             {{"equal", s.objects_equal},
              {"different", s.objects_different},
              {"unverified", s.objects_unverified}}},
            {"tasks",
             {{"done", s.tasks_done},
              {"benign", s.tasks_benign},
              {"failed", s.tasks_failed},
              {"pending", s.tasks_pending}}}};
}

Json migration(const Report &report) {
    return {{"id", report.id},
            {"name", report.name},
            {"state", report.state},
            {"created_at", text(report.created_at)},
            {"finished_at", text(report.finished_at)},
            {"duration", report.duration},
            {"loader_version", report.loader_version},
            {"extension_version", text(report.extension_version)},
            {"protocol", report.protocol},
            {"runs", list(report.runs, run)}};
}

} // namespace

std::string version_text(int version_num) {
    return version_num > 0
               ? std::to_string(version_num / 10000) + "." + std::to_string(version_num % 10000)
               : "";
}

std::string render_json(const Report &report) {
    Json document;
    document["schema_version"] = kSchemaVersion;
    document["generated_at"] = report.generated_at;
    document["summary"] = summary(report);
    document["migration"] = migration(report);
    document["source"] = side(report.source);
    document["target"] = side(report.target);
    document["snapshots"] = list(report.snapshots, snapshot);
    document["source_moved"] = {{"moved", maybe(report.source_moved.moved)},
                                {"lsn", text(report.source_moved.lsn)},
                                {"looked_at", text(report.source_moved.looked_at)}};
    document["tables"] = list(report.tables, table);
    document["tasks"] = list(report.tasks, task);
    document["not_moved"] = report.not_moved;
    document["findings"] =
        list(report.findings, [](const plan::Finding &f) { return Json(plan::to_json(f)); });
    document["phases"] = list(report.phases, [](const Phase &p) {
        return Json{{"name", p.name}, {"time", timing(p.timing)}};
    });
    document["log"] = list(report.log, [](const LogEntry &l) {
        return Json{
            {"at", l.at}, {"severity", l.severity}, {"object", l.object}, {"message", l.message}};
    });
    document["proves"] = proves(report);
    document["does_not_prove"] = does_not_prove(report);
    return json_document(document);
}

} // namespace custody::report
