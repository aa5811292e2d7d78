#include "loader/report/load.hpp"

#include <algorithm>
#include <map>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "loader/core/json.hpp"
#include "loader/plan/json.hpp"
#include "loader/report/facts.hpp"

namespace custody::report {
namespace {

Error not_found(const std::string &what) {
    return {Exit::refused,
            "migration-not-found",
            fmt::format("there is no migration {}", what),
            {},
            "\"SELECT id, name, state FROM custody.migration\" on the target lists them all; "
            "--name chooses one"};
}

std::optional<std::int64_t> number(const pq::Result &result, int row, int column) {
    return result.is_null(row, column) ? std::nullopt : std::optional(result.number<>(row, column));
}

std::optional<int> small(const pq::Result &result, int row, int column) {
    return result.is_null(row, column) ? std::nullopt
                                       : std::optional(result.number<int>(row, column));
}

double seconds(const pq::Result &result, int row, int column) {
    return result.is_null(row, column) ? -1 : result.number<double>(row, column);
}

std::string dotted(const std::string &schema, const std::string &name) {
    return schema.empty() ? name : schema + "." + name;
}

std::string words(std::string kind) {
    std::replace(kind.begin(), kind.end(), '_', ' ');
    return kind;
}

std::string utc(double epoch) {
    const auto whole = static_cast<std::time_t>(epoch);
    return epoch > 0 ? fmt::format("{:%Y-%m-%d %H:%M:%S}+00", fmt::gmtime(whole)) : "";
}

/// Loads one migration, query by query; `begun_` is its created_at in seconds since 1970.
class Loader {
  public:
    Loader(pq::Connection &target, std::int64_t id) : target_(target), id_(std::to_string(id)) {
        report_.id = id;
    }

    Report load() {
        migration();
        servers();
        snapshots();
        tables();
        tasks();
        log();
        facts();
        if (report_.phases.empty())
            derive_phases();
        return std::move(report_);
    }

  private:
    pq::Result query(const std::string &sql) { return target_.query(sql, id_); }

    void migration() {
        const auto r =
            query("SELECT name, state, source, source_identity, source_version, target_version,"
                  " loader_version, protocol, plan, findings, coalesce(report::text, ''),"
                  " created_at::timestamptz(0), finished_at::timestamptz(0),"
                  " extract(epoch FROM created_at),"
                  " extract(epoch FROM coalesce(finished_at, now()) - created_at),"
                  " now()::timestamptz(0),"
                  " coalesce((SELECT extversion FROM pg_extension WHERE extname = 'custody'), '')"
                  " FROM custody.migration WHERE id = $1");
        if (r.rows() == 0)
            throw not_found(id_);
        report_.name = r.str(0, 0);
        report_.state = r.str(0, 1);
        report_.source.description = r.str(0, 2);
        report_.source.identity = r.str(0, 3);
        report_.source.version = r.number<int>(0, 4);
        report_.target.version = r.number<int>(0, 5);
        report_.loader_version = r.str(0, 6);
        report_.protocol = r.number<int>(0, 7);
        plan(r.str(0, 8), r.str(0, 9));
        facts_ = r.str(0, 10);
        report_.created_at = r.str(0, 11);
        report_.finished_at = r.str(0, 12);
        begun_ = r.number<double>(0, 13);
        report_.duration = r.number<double>(0, 14);
        report_.generated_at = r.str(0, 15);
        report_.extension_version = r.str(0, 16);
    }

    /// Findings and what is not moved. A plan that cannot be read costs the report these two
    /// lists, not its verdicts.
    void plan(const std::string &text, const std::string &findings) {
        try {
            auto json = parse_json(text);
            if (const auto found = parse_json(findings); !found.empty())
                json["findings"] = found;
            const auto plan = plan::from_json(json);
            report_.not_moved = plan.not_moved;
            report_.findings = plan.findings;
            report_.source.encoding = plan.source.encoding;
            report_.source.user = plan.source.user;
            report_.target.user = plan.target.user;
            for (const auto &table : plan.tables)
                for (const auto &leaf : table.leaves)
                    partitions_[table.id].push_back(dotted(leaf.schema, leaf.name));
        } catch (const std::exception &error) {
            plan::Finding finding;
            finding.code = "plan-unreadable";
            finding.severity = plan::Severity::warning;
            finding.seen = fmt::format("the stored plan could not be read: {}", error.what());
            finding.remedy = "print the report with the version of custody that made the plan";
            report_.findings = {finding};
        }
    }

    void servers() {
        report_.target.description = target_.description();
        const auto r = target_.exec("SELECT current_database(), current_user,"
                                    " current_setting('server_encoding')");
        if (report_.target.user.empty())
            report_.target.user = r.str(0, 1);
        report_.target.encoding = r.str(0, 2);
        // Reading the identifier may be denied; the report says so by leaving it out.
        const auto readable = target_.exec(
            "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')");
        if (readable.boolean(0, 0))
            report_.target.identity =
                target_.exec("SELECT system_identifier FROM pg_control_system()").str(0, 0) + "/" +
                r.str(0, 0);
    }

    void snapshots() {
        const auto r = query("SELECT number, name, system_identifier, lsn, xmin_xmax,"
                             " taken_at::timestamptz(0), locked_at::timestamptz(0),"
                             " lost_at::timestamptz(0) FROM custody.migration_snapshot"
                             " WHERE migration_id = $1 ORDER BY number");
        for (int i = 0; i < r.rows(); ++i)
            report_.snapshots.push_back({r.number<int>(i, 0), r.str(i, 1), r.str(i, 2), r.str(i, 3),
                                         r.str(i, 4), r.str(i, 5), r.str(i, 6), r.str(i, 7)});
    }

    void tables() {
        const auto r = query(
            "SELECT t.id, t.source_schema, t.source_table, t.target_schema, t.target_table,"
            " t.state, coalesce(t.verdict, 'unverified'),"
            " coalesce(t.reason, CASE t.state WHEN 'pending' THEN 'not copied yet'"
            " WHEN 'copied' THEN 'not compared yet' END), t.source_rows, t.target_rows,"
            " custody.migration_digest_hex(t.source_digests),"
            " custody.migration_digest_hex(t.target_digests), t.source_count, t.foreign_rows,"
            " t.generated_wrong, t.lossy_rows, t.form, t.profile, t.encoding_version, t.buckets,"
            " t.row_filter, t.method, t.columns, t.key_columns, t.snapshot, t.confirmed_snapshot,"
            " t.verified_at::timestamptz(0) FROM custody.migration_table t WHERE t.migration_id = "
            "$1"
            " ORDER BY t.source_schema COLLATE \"C\", t.source_table COLLATE \"C\"");
        for (int i = 0; i < r.rows(); ++i) {
            report_.tables.push_back(table(r, i));
            report_.tables.back().partitions = partitions_[report_.tables.back().id];
        }
        parts();
    }

    static Table table(const pq::Result &r, int i) {
        Table table;
        table.id = r.number<int>(i, 0);
        table.source = dotted(r.str(i, 1), r.str(i, 2));
        table.target = dotted(r.str(i, 3), r.str(i, 4));
        table.state = r.str(i, 5);
        table.verdict = r.str(i, 6);
        table.reason = r.str(i, 7);
        table.source_rows = number(r, i, 8);
        table.target_rows = number(r, i, 9);
        table.source_digest = r.str(i, 10);
        table.target_digest = r.str(i, 11);
        table.source_count = number(r, i, 12);
        table.foreign_rows = number(r, i, 13);
        table.generated_wrong = number(r, i, 14);
        table.lossy_rows = number(r, i, 15);
        table.form = r.str(i, 16);
        table.profile = r.str(i, 17);
        table.encoding_version = r.number<int>(i, 18);
        table.buckets = r.number<int>(i, 19);
        table.row_filter = r.str(i, 20);
        table.method = r.str(i, 21);
        table.columns = pq::parse_array(r.text(i, 22));
        table.key = pq::parse_array(r.text(i, 23));
        table.snapshot = small(r, i, 24);
        table.confirmed_snapshot = small(r, i, 25);
        table.verified_at = r.str(i, 26);
        return table;
    }

    /// Times and bytes of the copy, and its bars in the picture.
    void parts() {
        std::map<int, Table *> by_id;
        for (auto &table : report_.tables)
            by_id[table.id] = &table;
        const auto r = query("SELECT table_id, number, bytes, extract(epoch FROM started_at),"
                             " extract(epoch FROM finished_at) FROM custody.migration_part"
                             " WHERE migration_id = $1 ORDER BY table_id, number");
        for (int i = 0; i < r.rows(); ++i) {
            const auto found = by_id.find(r.number<int>(i, 0));
            if (found == by_id.end())
                continue;
            Table &table = *found->second;
            ++table.parts;
            table.bytes += r.number<>(i, 2);
            const Timing timing{offset(seconds(r, i, 3)), offset(seconds(r, i, 4))};
            if (timing.end < 0)
                continue;
            table.copy.start =
                table.copy.start < 0 ? timing.start : std::min(table.copy.start, timing.start);
            table.copy.end = std::max(table.copy.end, timing.end);
            report_.spans.push_back({"copy", table.source, timing});
        }
    }

    void tasks() {
        const auto r = query(
            "SELECT k.id, k.kind, k.phase, k.object_type, k.object_schema, k.object_name, k.state,"
            " n.needs_verdict, k.verdict, k.reason, k.source_rows, k.target_rows, k.source_value,"
            " k.target_value, k.sqlstate, k.message, k.detail, k.hint, k.note,"
            " extract(epoch FROM k.started_at), extract(epoch FROM k.finished_at)"
            " FROM custody.migration_task k JOIN custody.migration_task_kind n USING (kind)"
            " WHERE k.migration_id = $1 ORDER BY k.id");
        for (int i = 0; i < r.rows(); ++i) {
            Task task;
            task.id = r.number<int>(i, 0);
            task.kind = r.str(i, 1);
            task.phase = r.str(i, 2);
            task.object_type = r.str(i, 3);
            task.object = dotted(r.str(i, 4), r.str(i, 5));
            task.state = r.str(i, 6);
            task.needs_verdict = r.boolean(i, 7);
            task.verdict = r.str(i, 8);
            task.reason = r.str(i, 9);
            task.source_rows = number(r, i, 10);
            task.target_rows = number(r, i, 11);
            task.source_value = r.str(i, 12);
            task.target_value = r.str(i, 13);
            task.sqlstate = r.str(i, 14);
            task.message = r.str(i, 15);
            task.detail = r.str(i, 16);
            task.hint = r.str(i, 17);
            task.note = r.str(i, 18);
            task.timing = {offset(seconds(r, i, 19)), offset(seconds(r, i, 20))};
            if (task.timing.end >= 0)
                report_.spans.push_back(
                    {task.kind, task.object_type + " " + task.object, task.timing});
            report_.tasks.push_back(std::move(task));
        }
    }

    void log() {
        const auto r =
            query("SELECT at::timestamptz(0), severity, object, message FROM custody.migration_log"
                  " WHERE migration_id = $1 ORDER BY id");
        for (int i = 0; i < r.rows(); ++i)
            report_.log.push_back({r.str(i, 0), r.str(i, 1), r.str(i, 2), r.str(i, 3)});
    }

    void facts() {
        for (const auto &run : read_runs(facts_)) {
            report_.runs.push_back({run.host, run.loader_version, run.jobs, utc(run.started),
                                    utc(run.finished), run.exit_code});
            for (const auto &phase : run.phases)
                report_.phases.push_back(
                    {phase.name, {offset(phase.started), offset(phase.finished)}});
            for (const auto &span : run.spans)
                report_.spans.push_back(
                    {span.kind, span.label, {offset(span.started), offset(span.finished)}});
            if (run.source_moved)
                report_.source_moved = {run.source_moved, run.source_lsn, utc(run.source_looked)};
        }
    }

    /// From the first to the last bar of each kind, where no run told its phases.
    void derive_phases() {
        for (const auto &span : report_.spans) {
            auto found =
                std::find_if(report_.phases.begin(), report_.phases.end(),
                             [&](const Phase &phase) { return phase.name == words(span.kind); });
            if (found == report_.phases.end()) {
                report_.phases.push_back({words(span.kind), span.timing});
                continue;
            }
            found->timing.start = std::min(found->timing.start, span.timing.start);
            found->timing.end = std::max(found->timing.end, span.timing.end);
        }
        std::stable_sort(
            report_.phases.begin(), report_.phases.end(),
            [](const Phase &a, const Phase &b) { return a.timing.start < b.timing.start; });
    }

    double offset(double epoch) const { return epoch < 0 ? -1 : std::max(0.0, epoch - begun_); }

    pq::Connection &target_;
    std::string id_;
    Report report_;
    std::string facts_;
    std::map<int, std::vector<std::string>> partitions_; // by table
    double begun_ = 0;
};

} // namespace

Report load(pq::Connection &target, std::int64_t migration) {
    // One snapshot for all queries: a report is never half of one state and half of the next.
    const bool own = !target.in_transaction();
    if (own)
        target.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
        Report report = Loader(target, migration).load();
        if (own)
            target.exec("COMMIT");
        return report;
    } catch (...) {
        if (own && target.alive())
            PQclear(PQexec(target.raw(), "ROLLBACK"));
        throw;
    }
}

std::int64_t find(pq::Connection &target, const std::string &name) {
    const auto r = target.query(
        "SELECT id FROM custody.migration WHERE name = $1 ORDER BY id DESC LIMIT 1", name);
    if (r.rows() == 0)
        throw not_found("\"" + name + "\"");
    return r.number<>(0, 0);
}

} // namespace custody::report
