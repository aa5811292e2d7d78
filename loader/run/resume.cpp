#include "loader/run/resume.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/catalog.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/copy_table.hpp"
#include "loader/run/foreign_keys.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/move_ledger.hpp"
#include "loader/run/reconcile.hpp"
#include "loader/run/retry.hpp"
#include "loader/run/settings.hpp"
#include "loader/run/verify_table.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

constexpr auto kGrace = std::chrono::seconds(5);

void await_leftovers(pq::Connection &target, const state::Migration &migration) {
    for (const auto &backend : state::wait_for_leftovers(target, migration.id(), kGrace))
        log::warn("a backend of an earlier run (process {}) was still at work: {}", backend.pid,
                  backend.terminated ? "ended" : "it has finished");
}

/// The stored plan with the ranges that the source's tables have now, and with what references
/// the target's now: keys that an earlier run made.
plan::Plan renew(plan::Plan stored, const plan::Plan &source, const plan::Plan &both,
                 std::vector<std::string> &created) {
    auto reconciled = reconcile(std::move(stored), source);
    const auto refuse = [](const std::string &table, const std::string &why) {
        throw Error(Exit::partial, "source-table-altered",
                    fmt::format("source table {} is not the one that was planned", table), why,
                    "custody abandon, then begin again");
    };
    if (!reconciled.altered.empty())
        refuse(display_name(reconciled.altered.front().table), reconciled.altered.front().why);
    if (!reconciled.remade.empty())
        refuse(reconciled.remade.front(), "it was dropped and made anew since");
    created = std::move(reconciled.created);
    for (const auto &name : created)
        log::warn("{} was created on the source after this migration was begun: not moved", name);
    for (auto &table : reconciled.plan.tables)
        for (const auto &now : both.tables)
            if (now.schema == table.schema && now.name == table.name)
                table.referenced = now.referenced;
    return std::move(reconciled.plan);
}

struct Reset {
    const plan::Table *table;
    std::string why; // "" = nothing was copied yet: only the ranges of its parts are renewed
};

/// Rows that this run did not write are not thrown away unasked.
void require_own_rows(Context &context, pq::Connection &target, const plan::Table &table) {
    if (context.options.truncate_target || table.extension_config)
        return;
    const auto writers = context.migration.writers(target, table.id);
    if (writers.empty())
        return;
    const auto scan = verify::scan_target(target, table, writers);
    if (scan.foreign_rows > 0)
        throw Error(Exit::partial, "target-not-empty",
                    fmt::format("target table {} has to be copied again, but holds {} rows that "
                                "this migration did not write",
                                plan::target_relation(table), scan.foreign_rows),
                    "", "save or delete them, or run with --truncate-target");
}

bool is_undone_by_reset(const state::TaskRow &task, const std::map<int, bool> &reset_tables) {
    if (task.state == protocol::task_state::kPending)
        return false;
    if (task.kind == "foreign_key" || task.kind == "validate")
        return true;
    if (task.kind == "matview")
        return !reset_tables.empty();
    return (task.phase == "maintenance" || task.kind == "baseline") && task.table_id &&
           reset_tables.contains(*task.table_id);
}

/// All in one transaction: no foreign key is ever left standing over rows it has not seen.
void apply_resets(Context &context, pq::Connection &target, const std::vector<Reset> &resets) {
    failpoint("resume.before_reset");
    state::Transaction transaction(target);
    context.migration.join_run(target);
    const auto tasks = context.migration.tasks(target);
    std::map<int, bool> reset_tables;
    std::vector<const plan::Table *> filled;
    for (const auto &reset : resets) {
        filled.push_back(reset.table);
        if (!reset.why.empty()) {
            require_own_rows(context, target, *reset.table);
            reset_tables[reset.table->id] = true;
        }
    }
    drop_foreign_keys(target, context.plan, filled, tasks);
    for (const auto &reset : resets) {
        const auto &table = *reset.table;
        if (!reset.why.empty()) {
            log::warn("{} is copied again: {}", display_name(table), reset.why);
            empty_target(target, table);
            context.migration.reset_table(target, table.id, reset.why);
        }
        context.migration.replace_parts(target, table.id, table.method, table.part_key,
                                        table.parts);
    }
    for (const auto &task : tasks)
        if (is_undone_by_reset(task, reset_tables))
            context.migration.reset_task(target, task.id, "tables are copied");
    failpoint("resume.before_reset_commit");
    transaction.commit();
    failpoint("resume.after_reset");
}

// An unlogged table is empty after a crash of the target, which may have made it so by itself.
std::optional<std::string> lost_rows(pq::Connection &target, const plan::Table &table,
                                     const state::TableRow &row) {
    const auto unlogged = target.query(
        "select exists (select from pg_catalog.pg_class c where c.relpersistence = 'u' "
        "and (c.oid = pg_catalog.to_regclass($1) or c.oid in (select t.relid from "
        "pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) t)))",
        plan::target_relation(table));
    if (!unlogged.boolean(0, 0))
        return std::nullopt;
    const auto then = row.source_rows.value_or(0);
    const auto now = target.exec("select count(*) from " + plan::target_rows(table)).number(0, 0);
    if (now == then)
        return std::nullopt;
    return fmt::format("the unlogged table held {} rows and holds {} now", then, now);
}

/// What the target alone says; "" where nothing has to be undone. None: the source decides.
std::optional<std::string> reason_to_copy(Context &context, pq::Connection &target,
                                          const plan::Table &table,
                                          const std::map<int, state::TableRow> &rows) {
    const auto &row = rows.at(table.id);
    if (row.state == protocol::table_state::kPending)
        return row.parts_done > 0 ? "it was unfinished, and rows move between its parts" : "";
    if (!context.migration.has_parts(target, row))
        return "its parts in the state are not all there";
    if (row.verdict == protocol::verdict::kDifferent)
        return "its verdict was different: " + row.reason;
    return lost_rows(target, table, row);
}

/// Rows are read under a new snapshot: a sequence must not stay behind what they hold by now.
void queue_tasks_again(Context &context, pq::Connection &target) {
    using namespace protocol;
    failpoint("resume.before_tasks");
    state::Transaction transaction(target);
    for (const auto &task : context.migration.tasks(target)) {
        const bool proven = task.verdict == verdict::kEqual;
        if (task.state == task_state::kFailed)
            context.migration.reset_task(target, task.id, "failed before; tried again");
        else if (task.kind == "sequence" && task.state == task_state::kDone)
            context.migration.reset_task(target, task.id, "the source may have gone further");
        else if (task.kind == "large_object" && task.state == task_state::kDone && !proven)
            context.migration.reset_task(target, task.id, "its verdict was " + task.verdict);
    }
    failpoint("resume.before_tasks_commit");
    transaction.commit();
    failpoint("resume.after_tasks");
}

/// A filled large object is believed when both sides still read the same.
void recheck_large_objects(Context &context, pq::Connection &target, Scheduler &recheck) {
    for (const auto &task : context.migration.tasks(target))
        if (task.kind == "large_object" && task.verdict == protocol::verdict::kEqual)
            recheck.add({"recheck large object " + task.object_name,
                         JobClass::copy,
                         0,
                         {},
                         [&context, task](Worker &worker) {
                             const auto now = large_object_proof(worker, task);
                             if (now.source_value != task.source_value ||
                                 now.target_value != now.source_value)
                                 context.migration.reset_task(
                                     worker.target(), task.id,
                                     "source or target has changed since it was copied");
                         }});
}

} // namespace

void require_same_source(const state::MigrationRow &row, const std::string &identity) {
    if (identity != row.source_identity)
        throw Error(Exit::refused, "another-source",
                    fmt::format("migration \"{}\" was begun from another database", row.name),
                    fmt::format("then {}, now {}", row.source_identity, identity),
                    "connect to the source it was begun from, or use another --name");
}

Prepared resume(const cli::Options &options, pq::Connection &target,
                const state::Migration &migration) {
    await_leftovers(target, migration);
    const auto row = migration.row(target);
    require_same_settings(parse_json(row.options), options);
    const auto stored = plan::from_json(parse_json(row.plan));
    Prepared prepared;
    std::vector<std::string> created;
    prepared.snapshot = locked_snapshot(
        options,
        [&](pq::Connection &holder) {
            return renew(stored, plan::build(holder, nullptr, options),
                         plan::build(holder, &target, options), created);
        },
        prepared.plan);
    const auto identity = plan::read_server(prepared.snapshot->holder()).identity;
    require_same_source(row, identity);
    failpoint("resume.before_snapshot");
    state::Transaction transaction(target);
    for (const auto &snapshot : migration.snapshots(target))
        if (snapshot.lost_at.empty())
            migration.lose_snapshot(target, snapshot.number);
    migration.reopen(target);
    prepared.snapshot_number =
        record_snapshot(target, migration, prepared.plan, *prepared.snapshot);
    failpoint("resume.before_snapshot_commit");
    transaction.commit();
    failpoint("resume.after_snapshot_commit");
    // A run that has lost its lock begins no transaction from here on; what it began before ends.
    await_leftovers(target, migration);
    prepared.migration = migration.under(prepared.snapshot_number);
    prepared.found = new_tables(created);
    for (auto &ledger : new_ledger(options, prepared.snapshot->holder(), migration.tasks(target)))
        prepared.found.push_back(std::move(ledger));
    return prepared;
}

void settle_tables(Context &context, Scheduler recheck, std::vector<Worker> &workers) {
    auto &target = workers.front().target();
    match_large_objects(context, workers.front());
    std::vector<Reset> resets;
    std::mutex mutex;
    std::map<int, state::TableRow> rows;
    for (auto &row : context.migration.tables(target))
        rows.emplace(row.id, std::move(row));
    for (const auto &table : context.plan.tables) {
        if (auto why = reason_to_copy(context, target, table, rows))
            resets.push_back({&table, std::move(*why)});
        else
            recheck.add({"recheck " + display_name(table),
                         JobClass::copy,
                         static_cast<double>(table.bytes),
                         {},
                         [&](Worker &worker) {
                             auto changed = recheck_source(context, worker, table);
                             const std::lock_guard guard(mutex);
                             if (changed)
                                 resets.push_back({&table, std::move(*changed)});
                         }});
    }
    recheck_large_objects(context, target, recheck);
    compare_ledger_again(context, recheck, context.migration.tasks(target));
    const auto outcome = recheck.run(workers);
    throw_if_stopped();
    if (!outcome.failures.empty()) {
        const auto &failure = outcome.failures.front();
        throw Error(failure.exit, failure.code, failure.job + ": " + failure.message,
                    failure.detail, failure.hint);
    }
    // A worker's connection may be another one by now.
    auto &first = workers.front();
    confirm_source(context.snapshot, workers);
    with_retry(first, "queueing what is copied again", [&] {
        if (!resets.empty())
            apply_resets(context, first.target(), resets);
        queue_tasks_again(context, first.target());
    });
}

void reset_emptied(Context &context, pq::Connection &target, const std::vector<int> &tables) {
    std::vector<Reset> resets;
    for (const auto &table : context.plan.tables)
        if (std::find(tables.begin(), tables.end(), table.id) != tables.end())
            resets.push_back({&table, "it is unlogged, and the target has crashed since"});
    apply_resets(context, target, resets);
}

} // namespace custody::run
