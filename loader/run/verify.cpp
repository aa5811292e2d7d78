#include "loader/run/verify.hpp"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "common/protocol.hpp"
#include "loader/copy/hasher.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/comparison.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/prepare.hpp"
#include "loader/run/run.hpp"
#include "loader/run/scheduler.hpp"
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
    copy::RateLimiter limiter;
    std::mutex mutex;
    std::vector<Comparison> results; // guarded by mutex

    void add(Comparison result) {
        const std::lock_guard guard(mutex);
        results.push_back(std::move(result));
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
    const auto streamed = copy::stream(worker.source(), nullptr, request, hasher);
    worker.forget_giant_row(streamed.longest_row);
    return hasher.buckets();
}

Comparison compare_table(Session &session, Worker &worker, const plan::Table &table) {
    Comparison result;
    result.type = "table";
    result.name = name_of(table);
    const auto source = read_source(session, worker, table);
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
    else
        result.verdict = protocol::verdict::kEqual;
    session.progress.finish(
        session.progress.start(name_of(table), table.estimated_rows, table.bytes), result.verdict);
    return result;
}

void add_jobs(Session &session, Scheduler &scheduler, const plan::Plan &plan,
              const std::vector<state::TaskRow> &tasks) {
    for (const auto &table : plan.tables)
        scheduler.add({"table " + name_of(table),
                       JobClass::copy,
                       static_cast<double>(table.bytes),
                       {},
                       [&session, &table](Worker &worker) {
                           session.add(compare_table(session, worker, table));
                       }});
    for (const auto &task : tasks) {
        if (task.kind != "sequence" && task.kind != "large_object")
            continue;
        scheduler.add({fmt::format("{} {}", task.kind, task.object_name),
                       JobClass::copy,
                       0,
                       {},
                       [&session, &task](Worker &worker) {
                           session.add(task.kind == "sequence"
                                           ? compare_sequence(worker, task)
                                           : compare_large_object(worker, task));
                       }});
    }
}

plan::Plan stored_or_new_plan(const cli::Options &options, pq::Connection &target,
                              const std::optional<state::Migration> &migration,
                              pq::Connection &holder) {
    if (migration)
        return plan::from_json(nlohmann::json::parse(migration->row(target).plan));
    return plan::build(holder, &target, options);
}

} // namespace

Exit verify(const cli::Options &options) {
    auto target = open_target(options);
    const auto migration = state::Migration::find_latest(target, options.name);
    plan::Plan plan;
    const auto snapshot = locked_snapshot(
        options,
        [&](pq::Connection &holder) {
            return stored_or_new_plan(options, target, migration, holder);
        },
        plan);
    snapshot->watch();
    const auto tasks = migration ? migration->tasks(target) : std::vector<state::TaskRow>();

    ui::Progress progress(ui::settings_for_stderr(options.quiet, options.color));
    Session session{options, progress, copy::RateLimiter(options.max_rate), {}, {}};
    Scheduler scheduler(options.jobs, options.jobs);
    add_jobs(session, scheduler, plan, tasks);
    std::vector<Worker> workers;
    for (int number = 1; number <= options.jobs; ++number)
        workers.emplace_back(options.target, "custody verify", snapshot.get());
    const auto outcome = scheduler.run(workers);
    progress.stop();
    throw_if_stopped();
    for (const auto &failure : outcome.failures)
        session.add({"",
                     failure.job,
                     {},
                     {},
                     "",
                     "",
                     std::string(protocol::verdict::kUnverified),
                     failure.message});
    for (const auto &job : outcome.blocked)
        session.add({"",
                     job,
                     {},
                     {},
                     "",
                     "",
                     std::string(protocol::verdict::kUnverified),
                     "not looked at: the verification stopped before"});
    return print_comparisons(options, snapshot->facts(), std::move(session.results));
}

} // namespace custody::run
