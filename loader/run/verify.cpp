#include "loader/run/verify.hpp"

#include <algorithm>
#include <functional>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/protocol.hpp"
#include "loader/copy/hasher.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/selection.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/comparison.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/prepare.hpp"
#include "loader/run/reconcile.hpp"
#include "loader/run/retry.hpp"
#include "loader/run/run.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/settings.hpp"
#include "loader/run/task_proof.hpp"
#include "loader/run/worker.hpp"
#include "loader/ui/progress.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

/// What the jobs of one verification share.
struct Session {
    const cli::Options &options;
    ui::Progress &progress;
    copy::Snapshot &snapshot;
    copy::RateLimiter limiter;
    std::vector<std::pair<std::string, std::string>> expected; // type and name of each job
    std::mutex mutex;
    std::vector<Comparison> results; // guarded by mutex

    void add(Comparison result) {
        const std::lock_guard guard(mutex);
        results.push_back(std::move(result));
    }
    /// After an error that ended all: what has no result is unverified.
    void add_missing(const std::string &why) {
        for (const auto &[type, name] : expected)
            if (std::none_of(results.begin(), results.end(), [&](const auto &result) {
                    return result.type == type && result.name == name;
                }))
                results.push_back({type,
                                   name,
                                   {},
                                   {},
                                   "",
                                   "",
                                   std::string(protocol::verdict::kUnverified),
                                   "the verification ended early: " + why});
    }
};

std::string bucket_difference(const digest::BucketSet &source, const digest::BucketSet &target) {
    std::uint32_t differing = 0;
    for (std::uint32_t bucket = 0; bucket < source.size(); ++bucket)
        differing += source.at(bucket) == target.at(bucket) ? 0 : 1;
    return fmt::format("{} of {} buckets differ", differing, source.size());
}

std::string name_of(const plan::Table &table) { return table.schema + "." + table.name; }

digest::BucketSet read_source(Session &session, Worker &worker, const plan::Table &table) {
    auto hasher = copy::make_hasher(table);
    copy::StreamRequest request;
    request.out_sql = plan::copy_out(table, plan::Part{});
    request.form = table.form;
    request.limiter = &session.limiter;
    const auto bar = session.progress.start(name_of(table), table.estimated_rows, table.bytes);
    request.progress = [&](std::uint64_t rows, std::uint64_t bytes) {
        session.progress.add(bar, static_cast<std::int64_t>(rows),
                             static_cast<std::int64_t>(bytes));
    };
    copy::StreamResult streamed;
    {
        auto lease = worker.source_of(table);
        streamed = copy::stream(lease.connection(), nullptr, request, hasher);
        session.snapshot.require_unchanged(lease.connection(), table.source_oid);
    }
    worker.forget_giant_row(streamed.longest_row);
    return hasher.buckets();
}

Comparison compare_table(Session &session, Worker &worker, const plan::Table &table) {
    Comparison result;
    result.type = "table";
    result.name = name_of(table);
    const auto source = read_source(session, worker, table);
    const auto lossy = verify::lossy_rows(worker.source_of(table).connection(), table);
    auto &target = worker.target();
    target.exec("begin isolation level repeatable read read only");
    const auto stored = verify::scan_target(target, table, {}, verify::Locking::none);
    const auto wrong = verify::wrong_generated_rows(target, table);
    target.exec("commit");
    result.source_rows = static_cast<std::int64_t>(source.total().rows);
    result.target_rows = stored.rows;
    result.source = source.total().hex();
    result.target = stored.digests.total().hex();
    result.verdict = protocol::verdict::kDifferent;
    if (result.source_rows != result.target_rows)
        result.reason =
            fmt::format("{} rows on the source, {} on the target; {}", source.total().rows,
                        stored.rows, bucket_difference(source, stored.digests));
    else if (source != stored.digests)
        result.reason = bucket_difference(source, stored.digests);
    else if (wrong > 0)
        result.reason = fmt::format(
            "{} rows hold a generated column that its expression does not yield", wrong);
    else if (lossy > 0)
        result.reason = fmt::format("{} rows did not survive a cast", lossy);
    else
        result.verdict = protocol::verdict::kEqual;
    session.progress.finish(
        session.progress.start(name_of(table), table.estimated_rows, table.bytes), result.verdict);
    return result;
}

Comparison unverified(std::string type, std::string name, std::string reason) {
    Comparison result;
    result.type = std::move(type);
    result.name = std::move(name);
    result.verdict = protocol::verdict::kUnverified;
    result.reason = std::move(reason);
    return result;
}

/// What cannot be looked at is unverified; the rest goes on.
void add_job(Session &session, Scheduler &scheduler, const std::string &type,
             const std::string &name, double weight, std::function<Comparison(Worker &)> compare) {
    session.expected.emplace_back(type, name);
    scheduler.add({type + " " + name,
                   JobClass::copy,
                   weight,
                   {},
                   [&session, type, name, compare = std::move(compare)](Worker &worker) {
                       try {
                           session.add(with_retry(worker, type + " " + name,
                                                  [&] { return compare(worker); }));
                       } catch (...) {
                           const auto failure = current_failure(name);
                           if (is_fatal(failure))
                               throw;
                           worker.after_failure();
                           session.add(unverified(type, name, failure.message));
                       }
                   }});
}

void add_jobs(Session &session, Scheduler &scheduler, const plan::Plan &plan,
              const std::vector<state::TaskRow> &tasks) {
    for (const auto &table : plan.tables)
        add_job(
            session, scheduler, "table", name_of(table), static_cast<double>(table.bytes),
            [&session, &table](Worker &worker) { return compare_table(session, worker, table); });
    for (const auto &task : tasks)
        if (task.kind == "sequence")
            add_job(session, scheduler, "sequence", task.object_schema + "." + task.object_name, 0,
                    [&task](Worker &worker) { return compare_sequence(worker, task); });
        else if (task.kind == "large_object")
            add_job(session, scheduler, "large object", task.object_name, 0,
                    [&task](Worker &worker) { return compare_large_object(worker, task); });
}

/// What is compared, and what needs no look to be told different.
struct Scope {
    plan::Plan plan;
    std::vector<state::TaskRow> tasks;
    std::vector<Comparison> told;
};

void tell(Scope &scope, const std::string &type, const std::string &name, std::string reason) {
    auto result = unverified(type, name, std::move(reason));
    result.verdict = protocol::verdict::kDifferent;
    scope.told.push_back(std::move(result));
}

bool names_part(const cli::Options &options) {
    return !options.schemas.empty() || !options.tables.empty() ||
           !options.exclude_schemas.empty() || !options.exclude_tables.empty();
}

/// With patterns on the command line only what they name of a migration; otherwise all of it.
Scope scope_of(const cli::Options &options, pq::Connection &target,
               const state::Migration &migration, pq::Connection &holder) {
    const auto row = migration.row(target);
    auto wanted = with_stored_settings(options, nlohmann::json::parse(row.options));
    auto stored = plan::from_json(nlohmann::json::parse(row.plan));
    const bool narrowed = names_part(options);
    if (narrowed) {
        wanted.schemas = options.schemas;
        wanted.tables = options.tables;
        wanted.exclude_schemas = options.exclude_schemas;
        wanted.exclude_tables = options.exclude_tables;
    }
    const auto now = plan::build(holder, nullptr, wanted);
    if (narrowed)
        std::erase_if(stored.tables, [&](const auto &table) {
            return std::none_of(now.tables.begin(), now.tables.end(), [&](const auto &other) {
                return name_of(other) == name_of(table);
            });
        });
    auto reconciled = reconcile(std::move(stored), now);
    Scope scope;
    scope.plan = std::move(reconciled.plan);
    for (const auto &altered : reconciled.altered)
        tell(scope, "table", name_of(altered.table), altered.why);
    for (const auto &name : reconciled.created)
        tell(scope, "table", name, "the migration has not moved it");
    const plan::Selection selection(wanted);
    for (auto &task : migration.tasks(target))
        if (!narrowed || (task.kind == "sequence" &&
                          selection.includes({task.object_schema, task.object_name, {}})))
            scope.tasks.push_back(std::move(task));
    return scope;
}

/// Without a migration. What of a table cannot be compared is told: the rest of it being equal
/// must not look like a proof.
Scope scope_of_all(const cli::Options &options, pq::Connection &target, pq::Connection &holder) {
    Scope scope;
    scope.plan = plan::build(holder, &target, options);
    for (const auto &finding : scope.plan.findings)
        if (finding.severity == plan::Severity::blocking && finding.code != "column-required")
            scope.told.push_back(unverified("column", finding.object, finding.seen));
    scope.plan.findings.clear(); // what blocks a copy must not keep the source from being locked
    return scope;
}

} // namespace

Exit verify(const cli::Options &options) {
    auto target = open_target(options);
    const auto migration = state::Migration::find_latest(target, options.name);
    Scope scope;
    plan::Plan plan;
    const auto snapshot = locked_snapshot(
        options,
        [&](pq::Connection &holder) {
            scope = migration ? scope_of(options, target, *migration, holder)
                              : scope_of_all(options, target, holder);
            return scope.plan;
        },
        plan);
    snapshot->watch();

    ui::Progress progress(ui::settings_for_stderr(options.quiet, options.color));
    Session session{options, progress, *snapshot, copy::RateLimiter(options.max_rate),
                    {},      {},       scope.told};
    Scheduler scheduler(options.jobs, options.jobs);
    add_jobs(session, scheduler, plan, scope.tasks);
    std::vector<Worker> workers;
    for (int number = 1; number <= options.jobs; ++number)
        workers.emplace_back(options.target, "custody verify", snapshot.get(),
                             std::chrono::seconds(options.wait));
    const auto outcome = scheduler.run(workers);
    progress.stop();
    throw_if_stopped();
    if (outcome.failures.empty())
        confirm_source(*snapshot, workers);
    session.add_missing(outcome.failures.empty() ? "it stopped before"
                                                 : outcome.failures.front().message);
    return print_comparisons(options, snapshot->facts(), std::move(session.results));
}

} // namespace custody::run
