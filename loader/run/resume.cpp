#include "loader/run/resume.hpp"

#include <map>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/catalog.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/copy_table.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/reconcile.hpp"
#include "loader/run/settings.hpp"
#include "loader/run/verify_table.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

constexpr auto kGrace = std::chrono::seconds(5);

/// The stored plan with the ranges that the source's tables have now, and with what references
/// the target's now: keys that an earlier run made.
plan::Plan renew(plan::Plan stored, const plan::Plan &source, const plan::Plan &both) {
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
    for (const auto &name : reconciled.created)
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

void drop_foreign_keys(pq::Connection &target, const plan::Plan &plan) {
    std::vector<std::string> relations;
    for (const auto &table : plan.tables)
        relations.push_back(plan::target_relation(table));
    const auto keys = target.query(
        "with recursive family (oid) as ("
        "select pg_catalog.to_regclass(t)::oid from pg_catalog.unnest($1::text[]) t union "
        "select i.inhparent from pg_catalog.pg_inherits i join family f on i.inhrelid = f.oid) "
        "select pg_catalog.format('alter table %s drop constraint %I', "
        "conrelid::pg_catalog.regclass, conname) from pg_catalog.pg_constraint "
        "where contype = 'f' and conparentid = 0 and conrelid in (select oid from family)",
        pq::array_literal(relations));
    for (int row = 0; row < keys.rows(); ++row)
        target.exec(keys.str(row, 0));
}

bool is_undone_by_reset(const state::TaskRow &task, const std::map<int, bool> &reset_tables) {
    if (task.state == protocol::task_state::kPending)
        return false;
    if (task.phase == "foreign_key" || task.phase == "validate" || task.kind == "matview")
        return true;
    return task.phase == "maintenance" && task.table_id && reset_tables.count(*task.table_id) > 0;
}

/// All in one transaction: no foreign key is ever left standing over rows it has not seen.
void apply_resets(Context &context, pq::Connection &target, const std::vector<Reset> &resets) {
    failpoint("resume.before_reset");
    state::Transaction transaction(target);
    std::map<int, bool> reset_tables;
    for (const auto &reset : resets)
        if (!reset.why.empty()) {
            require_own_rows(context, target, *reset.table);
            reset_tables[reset.table->id] = true;
        }
    if (!reset_tables.empty())
        drop_foreign_keys(target, context.plan);
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
    for (const auto &task : context.migration.tasks(target))
        if (!reset_tables.empty() && is_undone_by_reset(task, reset_tables))
            context.migration.reset_task(target, task.id, "tables are copied again");
    transaction.commit();
    failpoint("resume.after_reset");
}

// An unlogged table is empty after a crash of the target.
std::optional<std::string> lost_rows(pq::Connection &target, const plan::Table &table,
                                     const state::TableRow &row) {
    if (row.persistence != "u")
        return std::nullopt;
    const auto now = target.exec("select count(*) from " + plan::target_rows(table)).number(0, 0);
    if (now == row.source_rows)
        return std::nullopt;
    return fmt::format("the unlogged table held {} rows and holds {} now", *row.source_rows, now);
}

/// Rows are read under a new snapshot: a sequence must not stay behind what they hold by now.
void queue_tasks_again(Context &context, pq::Connection &target) {
    using namespace protocol;
    for (const auto &task : context.migration.tasks(target)) {
        const bool proven = task.verdict == verdict::kEqual;
        if (task.state == task_state::kFailed)
            context.migration.reset_task(target, task.id, "failed before; tried again");
        else if (task.kind == "sequence" && task.state == task_state::kDone)
            context.migration.reset_task(target, task.id, "the source may have gone further");
        else if (task.kind == "large_object" && task.state == task_state::kDone && !proven)
            context.migration.reset_task(target, task.id, "its verdict was " + task.verdict);
    }
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
    if (const auto holder = state::lock_run(target, migration.id()))
        throw state::run_in_progress(migration.name(), *holder);
    for (const auto &backend : state::wait_for_leftovers(target, migration.id(), kGrace))
        log::warn("a backend of an earlier run (process {}) was still at work: {}", backend.pid,
                  backend.terminated ? "ended" : "it has finished");
    const auto row = migration.row(target);
    require_same_settings(nlohmann::json::parse(row.options), options);
    const auto stored = plan::from_json(nlohmann::json::parse(row.plan));
    Prepared prepared;
    prepared.snapshot = locked_snapshot(
        options,
        [&](pq::Connection &holder) {
            return renew(stored, plan::build(holder, nullptr, options),
                         plan::build(holder, &target, options));
        },
        prepared.plan);
    const auto identity = plan::read_server(prepared.snapshot->holder()).identity;
    require_same_source(row, identity);
    state::Transaction transaction(target);
    for (const auto &snapshot : migration.snapshots(target))
        if (snapshot.lost_at.empty())
            migration.lose_snapshot(target, snapshot.number);
    migration.reopen(target);
    prepared.snapshot_number =
        record_snapshot(target, migration, prepared.plan, *prepared.snapshot);
    transaction.commit();
    prepared.migration = migration;
    return prepared;
}

void settle_tables(Context &context, Scheduler recheck, std::vector<Worker> &workers) {
    auto &target = workers.front().target();
    std::vector<Reset> resets;
    std::mutex mutex;
    std::map<int, state::TableRow> rows;
    for (auto &row : context.migration.tables(target))
        rows.emplace(row.id, std::move(row));
    for (const auto &table : context.plan.tables) {
        const auto &row = rows.at(table.id);
        if (row.state == protocol::table_state::kPending) {
            resets.push_back({&table, row.parts_done > 0
                                          ? "it was unfinished, and rows move between its parts"
                                          : ""});
        } else if (row.verdict == protocol::verdict::kDifferent) {
            resets.push_back({&table, "its verdict was different: " + row.reason});
        } else if (auto lost = lost_rows(target, table, row)) {
            resets.push_back({&table, *lost});
        } else {
            recheck.add({"recheck " + display_name(table),
                         JobClass::copy,
                         static_cast<double>(table.bytes),
                         {},
                         [&](Worker &worker) {
                             auto why = recheck_source(context, worker, table);
                             const std::lock_guard guard(mutex);
                             if (why)
                                 resets.push_back({&table, *why});
                         }});
        }
    }
    recheck_large_objects(context, target, recheck);
    const auto outcome = recheck.run(workers);
    throw_if_stopped();
    if (!outcome.failures.empty()) {
        const auto &failure = outcome.failures.front();
        throw Error(failure.exit, failure.code, failure.job + ": " + failure.message,
                    failure.detail, failure.hint);
    }
    if (!resets.empty())
        apply_resets(context, target, resets);
    queue_tasks_again(context, target);
}

} // namespace custody::run
