#include "loader/run/execute.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/run/audited_load.hpp"
#include "loader/run/copy_table.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/maintenance.hpp"
#include "loader/run/resume.hpp"
#include "loader/run/retry.hpp"
#include "loader/run/task_runner.hpp"
#include "loader/run/unlogged.hpp"
#include "loader/run/verify_table.hpp"

namespace custody::run {
namespace {

int build_jobs(const cli::Options &options) {
    return options.index_jobs > 0 ? options.index_jobs : options.jobs;
}

std::vector<Worker> make_workers(Context &context) {
    std::vector<Worker> workers;
    const int count = std::max(context.options.jobs, build_jobs(context.options));
    for (int number = 1; number <= count; ++number)
        workers.emplace_back(context.options.target, fmt::format("custody worker {}", number),
                             &context.snapshot, std::chrono::seconds(context.options.wait));
    return workers;
}

bool is_open(const state::TaskRow &task) {
    return task.state != protocol::task_state::kDone && task.state != protocol::task_state::kBenign;
}

std::vector<state::TableRow> tables_of(Context &context, Worker &worker) {
    return with_retry(worker, "reading the state of the tables",
                      [&] { return context.migration.tables(worker.target()); });
}

std::vector<state::TaskRow> tasks_of(Context &context, Worker &worker) {
    return with_retry(worker, "reading the state of the tasks",
                      [&] { return context.migration.tasks(worker.target()); });
}

/// The jobs of rows: those that must have succeeded before a table's rows are all there.
/// `weight`: bytes of all that waits for them.
std::vector<JobId> add_copy(Context &context, Scheduler &scheduler, const plan::Table &table,
                            double weight) {
    std::vector<JobId> before;
    if (table.parts.size() > 1)
        before.push_back(scheduler.add(
            {fmt::format("prepare {}", display_name(table)),
             JobClass::copy,
             weight,
             {},
             [&context, &table](Worker &worker) { prepare_table(context, worker, table); }}));
    std::vector<JobId> parts;
    for (const auto &part : table.parts)
        parts.push_back(scheduler.add(
            {table.parts.size() == 1 ? fmt::format("copy {}", display_name(table))
                                     : fmt::format("copy {} part {} of {}", display_name(table),
                                                   part.number, table.parts.size()),
             JobClass::copy, weight, before, [&context, &table, &part](Worker &worker) {
                 copy_part(context, worker, table, part);
             }}));
    return parts;
}

using TableJobs = std::map<int, std::vector<JobId>>;

/// Returns the jobs by the table their tasks belong to; 0 for tasks that belong to none. Each
/// starts after those of `table_jobs` for its table, the jobs of tasks it depends on, and `first`.
TableJobs add_tasks(Context &context, Scheduler &scheduler,
                    const std::vector<state::TaskRow> &tasks,
                    const std::vector<std::string> &phases, const TableJobs &table_jobs,
                    const std::vector<JobId> &first = {}) {
    std::map<int, double> table_bytes;
    for (const auto &table : context.plan.tables)
        table_bytes[table.id] = static_cast<double>(table.bytes);
    std::map<int, JobId> task_jobs;
    TableJobs by_table;
    for (const auto &task : tasks) {
        if (!is_open(task) || std::find(phases.begin(), phases.end(), task.phase) == phases.end())
            continue;
        auto after = first;
        if (const auto rows = task.table_id ? table_jobs.find(*task.table_id) : table_jobs.end();
            rows != table_jobs.end())
            after.insert(after.end(), rows->second.begin(), rows->second.end());
        for (const int before : task.depends)
            if (const auto job = task_jobs.find(before); job != task_jobs.end())
                after.push_back(job->second);
        const double weight = task.table_id ? 2 * table_bytes[*task.table_id] : 0;
        task_jobs[task.id] =
            scheduler.add({display_name(task), JobClass::build, weight, std::move(after),
                           [&context, task](Worker &worker) { run_task(context, worker, task); }});
        by_table[task.table_id.value_or(0)].push_back(task_jobs[task.id]);
    }
    return by_table;
}

/// Foreign keys need the rows and the unique keys of two tables: they start when all of these are
/// over. What failed there keeps back only the keys whose tasks depend on it.
void add_foreign_keys(Context &context, Scheduler &scheduler,
                      const std::vector<state::TaskRow> &tasks,
                      const std::vector<TableJobs> &earlier) {
    Job barrier{"foreign keys", JobClass::build, 0, {}, [](Worker &) {}, true};
    for (const auto &by_table : earlier)
        for (const auto &[table, jobs] : by_table)
            barrier.after.insert(barrier.after.end(), jobs.begin(), jobs.end());
    const JobId rows_and_keys = scheduler.add(std::move(barrier));
    add_tasks(context, scheduler, tasks, {"foreign_key", "validate"}, {}, {rows_and_keys});
}

/// Rows, verification, large objects, foreign keys, indexes, their constraints and statistics: each
/// table by itself.
void add_tables(Context &context, Scheduler &scheduler, Worker &first) {
    std::map<int, state::TableRow> rows;
    for (auto &row : tables_of(context, first))
        rows.emplace(row.id, std::move(row));
    // The partitions of a large table come first, however small each is: all of them have to be
    // there before the statistics of their root can be made.
    auto weights = with_retry(first, "reading the sizes of the tables",
                              [&] { return family_bytes(first.target(), context.plan); });
    TableJobs table_jobs;
    for (const auto &table : context.plan.tables) {
        const auto &row = rows.at(table.id);
        if (row.state == protocol::table_state::kPending)
            table_jobs[table.id] = add_copy(context, scheduler, table, weights[table.id]);
        if (row.verdict != protocol::verdict::kEqual || context.resumed)
            scheduler.add(
                {fmt::format("verify {}", display_name(table)), JobClass::copy,
                 1.5 * static_cast<double>(table.bytes), table_jobs[table.id],
                 [&context, &table](Worker &worker) { verify_table(context, worker, table); }});
    }
    const auto tasks = tasks_of(context, first);
    add_large_objects(context, scheduler, tasks);
    const auto built = add_tasks(context, scheduler, tasks, {"index", "constraint"}, table_jobs);
    add_maintenance(context, scheduler, first, [&](int table) {
        auto jobs = table_jobs[table];
        if (const auto found = built.find(table); found != built.end())
            jobs.insert(jobs.end(), found->second.begin(), found->second.end());
        return jobs;
    });
    add_foreign_keys(context, scheduler, tasks, {table_jobs, built});
}

class Steps {
  public:
    explicit Steps(Context &context) : context_(context), workers_(make_workers(context)) {
        hold_snapshot();
    }

    Worker &first() { return workers_.front(); }

    void sequential(const std::string &phase) {
        hold_snapshot();
        const auto before = failures_.size();
        run_phase(context_, first(), phase, failures_);
        std::for_each(failures_.begin() + static_cast<std::ptrdiff_t>(before), failures_.end(),
                      log_failure);
    }
    Scheduler scheduler() const { return {context_.options.jobs, build_jobs(context_.options)}; }
    void settle() {
        settle_tables(context_, scheduler(), workers_);
        hold_snapshot();
    }
    void run(Scheduler &scheduler) {
        auto outcome = scheduler.run(workers_);
        hold_snapshot();
        for (auto &failure : outcome.failures) {
            failures_.push_back(failure);
            if (is_fatal(failure))
                throw Error(failure.exit, failure.code,
                            fmt::format("{}: {}", failure.job, failure.message), failure.detail,
                            failure.hint);
            log_failure(failure);
        }
        throw_if_stopped();
        confirm_source(context_.snapshot, workers_);
        for (const auto &name : outcome.blocked)
            log::warn("{}: not started, what it needs has failed", name);
    }

    /// A target that crashed has lost the last commits, and the rows of unlogged tables: what was
    /// done may be pending again although nothing has failed but what found it so, or could not
    /// start for it. Queues it and returns true.
    bool fell_back() {
        for (const auto &failure : failures_)
            if (failure.code != "state-moved" && failure.code != "task-not-ready")
                return false;
        const auto tables = tables_of(context_, first());
        const auto tasks = tasks_of(context_, first());
        const auto emptied = with_retry(first(), "looking at the unlogged tables",
                                        [&] { return emptied_tables(first().target(), tables); });
        if (!emptied.empty())
            with_retry(first(), "queueing the unlogged tables",
                       [&] { reset_emptied(context_, first().target(), emptied); });
        const bool behind = !emptied.empty() ||
                            std::any_of(tables.begin(), tables.end(), is_behind) ||
                            std::any_of(tasks.begin(), tasks.end(), [](const state::TaskRow &task) {
                                return task.state == protocol::task_state::kPending;
                            });
        if (behind)
            failures_.clear();
        return behind;
    }
    std::vector<Failure> failures() && { return std::move(failures_); }

  private:
    static bool is_behind(const state::TableRow &table) {
        return table.state == protocol::table_state::kPending || table.verdict.empty();
    }

    /// One connection more than the holder has the snapshot, also while no rows are copied.
    void hold_snapshot() noexcept {
        for (Worker &worker : workers_)
            worker.idle();
        first().unpark();
        try {
            first().source();
        } catch (const std::exception &error) {
            // Whoever needs the source next meets the error again.
            log::debug("joining the snapshot: {}", error.what());
        }
    }

    static void log_failure(const Failure &failure) {
        log::error("{}: {} [{}]{}{}{}{}", failure.job, failure.message, failure.code,
                   failure.detail.empty() ? "" : "\n  detail: ", failure.detail,
                   failure.hint.empty() ? "" : "\n  hint: ", failure.hint);
    }

    Context &context_;
    std::vector<Worker> workers_;
    std::vector<Failure> failures_;
};

/// Everything that is not done yet.
void one_pass(Context &context, Steps &steps) {
    enter_phase(context, "schema");
    failpoint("schema.before_tasks");
    steps.sequential("pre_data");
    failpoint("schema.after_tasks");

    enter_phase(context, "rows, indexes, keys");
    auto tables = steps.scheduler();
    add_tables(context, tables, steps.first());
    steps.run(tables);

    enter_phase(context, "baselines");
    auto baselines = steps.scheduler();
    add_baselines(context, baselines, steps.first());
    steps.run(baselines);

    enter_phase(context, "everything else");
    for (const char *phase : {"post", "row_security", "finish", "ledger"})
        steps.sequential(phase);
}

} // namespace

std::vector<Failure> execute(Context &context) {
    constexpr int kPasses = 3;
    Steps steps(context);
    if (context.resumed) {
        enter_phase(context, "checking what was copied");
        steps.settle();
    }
    one_pass(context, steps);
    for (int pass = 2; pass <= kPasses && steps.fell_back(); ++pass) {
        log::warn("the target has lost work that was done, as after a crash; doing it again");
        one_pass(context, steps);
    }
    return std::move(steps).failures();
}

} // namespace custody::run
