#include "loader/run/final.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/side.hpp"
#include "loader/report/output.hpp"
#include "loader/run/context.hpp"
#include "loader/run/finish.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/move_ledger.hpp"
#include "loader/run/prepare.hpp"
#include "loader/run/reconcile.hpp"
#include "loader/run/resume.hpp"
#include "loader/run/run_lock.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/settings.hpp"
#include "loader/run/task_proof.hpp"
#include "loader/run/verify_table.hpp"
#include "loader/run/worker.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

/// The source as it is now beside the plan that was carried out.
struct Present {
    std::unique_ptr<copy::Snapshot> snapshot;
    Reconciled reconciled;
};

Present look(const cli::Options &options, pq::Connection &control,
             const state::Migration &migration) {
    const auto row = migration.row(control);
    const auto stored = plan::from_json(parse_json(row.plan));
    Present present;
    plan::Plan plan;
    present.snapshot = locked_snapshot(
        options,
        [&](pq::Connection &holder) {
            require_same_source(row, plan::read_server(holder).identity);
            present.reconciled = reconcile(stored, plan::build(holder, nullptr, options));
            return present.reconciled.plan;
        },
        plan);
    return present;
}

void add_tables(Context &context, Scheduler &scheduler) {
    for (const auto &table : context.plan.tables)
        scheduler.add(
            {"compare " + display_name(table),
             JobClass::copy,
             static_cast<double>(table.bytes),
             {},
             [&context, &table](Worker &worker) { compare_again(context, worker, table); }});
}

void prove_again(Context &context, Worker &worker, const state::TaskRow &task) {
    auto proof =
        task.kind == "sequence" ? sequence_proof(worker, task) : large_object_proof(worker, task);
    proof.snapshot = context.snapshot_number;
    const auto judgement = context.migration.prove_task(worker.target(), task.id, proof);
    if (judgement.verdict != protocol::verdict::kEqual)
        log::error("{} {}: {}: source {}, target {}", task.kind, task.object_name,
                   judgement.verdict, proof.source_value, proof.target_value);
}

void add_objects(Context &context, Scheduler &scheduler, const std::vector<state::TaskRow> &tasks) {
    for (const auto &task : tasks) {
        if (task.kind != "sequence" && task.kind != "large_object")
            continue;
        scheduler.add({fmt::format("compare {} {}", task.kind, task.object_name),
                       JobClass::copy,
                       0,
                       {},
                       [&context, &task](Worker &worker) {
                           try {
                               prove_again(context, worker, task);
                           } catch (...) {
                               const auto failure = current_failure(task.object_name);
                               if (is_fatal(failure))
                                   throw;
                               worker.after_failure();
                               context.migration.leave_task_unverified(worker.target(), task.id,
                                                                       failure.message);
                           }
                       }});
    }
}

/// A table that cannot be read as it was planned is different, whatever the target holds.
void judge_altered(Context &context, pq::Connection &control, const Reconciled &reconciled) {
    for (const auto &altered : reconciled.altered) {
        state::Evidence evidence;
        evidence.source_changed = altered.why;
        context.migration.set_verdict(control, altered.table.id, evidence);
        context.migration.confirm_table(control, altered.table.id, context.snapshot_number);
        log::error("{}: different: {}", display_name(altered.table), altered.why);
    }
}

void compare_all(Context &context, const std::vector<state::TaskRow> &tasks) {
    const auto &options = context.options;
    set_log_hooks([&] { context.progress.pause(); }, [&] { context.progress.resume(); });
    enter_phase(context, "final comparison");
    Scheduler scheduler(options.jobs, options.jobs);
    add_tables(context, scheduler);
    add_objects(context, scheduler, tasks);
    compare_ledger_again(context, scheduler, tasks);
    std::vector<Worker> workers;
    for (int worker = 1; worker <= options.jobs; ++worker)
        workers.emplace_back(options.target, "custody final", &context.snapshot,
                             std::chrono::seconds(options.wait));
    const auto outcome = scheduler.run(workers);
    context.progress.stop();
    set_log_hooks({}, {});
    throw_if_stopped();
    if (!outcome.failures.empty()) {
        const auto &failure = outcome.failures.front();
        throw Error(failure.exit, failure.code, failure.job + ": " + failure.message,
                    failure.detail, failure.hint);
    }
    confirm_source(context.snapshot, workers);
}

/// Writers cannot be proven to be stopped, but those that were at work can be seen.
void warn_of_writers(const cli::Options &options, const copy::SnapshotFacts &facts) {
    auto source = pq::Connection::open(options.source, "custody");
    const bool moved =
        source
            .query("select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) > "
                   "pg_catalog.pg_snapshot_xmax($1::pg_catalog.pg_snapshot)",
                   facts.bounds)
            .boolean(0, 0);
    if (moved)
        log::warn("transactions wrote on the source's server while it was compared\n  hint: "
                  "make sure that the writers of this database are stopped, then compare again");
}

} // namespace

void reopen_for_final(const cli::Options &options, pq::Connection &control,
                      const state::Migration &migration) {
    require_same_settings(parse_json(migration.row(control).options), options);
    state::Transaction transaction(control);
    migration.finish(control, protocol::migration_state::kUnverified, "");
    migration.reopen(control);
    transaction.commit();
}

Exit compare_finally(const cli::Options &options, pq::Connection &control,
                     const state::Migration &migration, Chronicle &chronicle) {
    auto present = look(options, control, migration);
    auto &snapshot = *present.snapshot;
    const auto tasks = migration.tasks(control);
    auto found = new_objects(options, present.reconciled.created, snapshot.holder(), tasks);
    for (auto &ledger : new_ledger(options, snapshot.holder(), tasks))
        found.push_back(std::move(ledger));
    const int number = record_snapshot(control, migration, present.reconciled.plan, snapshot);
    snapshot.watch();
    ui::Progress progress(ui::settings_for_stderr(options.quiet, options.color));
    Context context{options,
                    present.reconciled.plan,
                    snapshot,
                    number,
                    true,
                    migration.under(number),
                    progress,
                    chronicle,
                    copy::RateLimiter(options.max_rate)};
    judge_altered(context, control, present.reconciled);
    RunLock lock(options, control, context.migration);
    try {
        compare_all(context, tasks);
    } catch (...) {
        lock.end_after_failure();
        record_stop(options, context);
        throw;
    }
    lock.end();
    migration.log(control, "info", "", fmt::format("final comparison under snapshot {}", number));
    warn_of_writers(options, snapshot.facts());
    const Exit exit = finish(options, control, context, {}, found);
    return report::deliver(exit, [&] { report::print(options, control, migration.id()); });
}

} // namespace custody::run
