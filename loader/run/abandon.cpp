#include "loader/run/abandon.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/sql.hpp"
#include "loader/report/output.hpp"
#include "loader/run/copy_table.hpp"
#include "loader/run/run.hpp"
#include "loader/schema/schema.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/migration.hpp"
#include "loader/state/transaction.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

/// Tables with rows of the migration; refuses when others have written to one of them.
std::vector<const plan::Table *>
filled_tables(pq::Connection &target, const state::Migration &migration, const plan::Plan &plan) {
    std::vector<const plan::Table *> filled;
    for (const auto &table : plan.tables) {
        const auto writers = migration.writers(target, table.id);
        if (writers.empty())
            continue;
        if (!table.extension_config && verify::scan_target(target, table, writers).foreign_rows > 0)
            throw Error(Exit::refused, "target-not-empty",
                        fmt::format("target table {} holds rows that the migration did not write",
                                    plan::target_relation(table)),
                        "nothing was dropped",
                        "save or delete them, or abandon without --drop-rows");
        filled.push_back(&table);
    }
    return filled;
}

/// What goes with the state, and what comes back for it.
struct Dropped {
    std::vector<const plan::Table *> tables;
    std::vector<std::string> large_objects;
    std::vector<state::TaskRow> aside;
};

/// The run refuses to begin where a large object of the target has an OID of the source's: those
/// that are there now are its own.
std::vector<std::string> made_objects(pq::Connection &target,
                                      const std::vector<state::TaskRow> &tasks) {
    std::vector<std::string> oids;
    for (const auto &task : tasks)
        if (task.kind == "large_object" &&
            target.query("select from pg_catalog.pg_largeobject_metadata where oid = $1::oid",
                         task.object_name)
                    .rows() > 0)
            oids.push_back(task.object_name);
    return oids;
}

/// What a run into tables that exist took aside, and has not put back yet.
std::vector<state::TaskRow> still_aside(std::vector<state::TaskRow> tasks) {
    std::erase_if(tasks, [](const state::TaskRow &task) {
        return task.note != schema::kSetAside || task.state == protocol::task_state::kDone ||
               task.state == protocol::task_state::kBenign;
    });
    return tasks;
}

/// The state is the only place that knows them. A key whose rows do not hold it stays NOT VALID.
void put_back(pq::Connection &target, const std::vector<state::TaskRow> &tasks) {
    for (const auto &task : tasks) {
        const auto outcome = schema::apply(target, task);
        if (outcome.state != schema::Outcome::State::failed)
            continue;
        if (task.phase != "validate")
            throw Error(Exit::refused, "not-put-back",
                        fmt::format("{} cannot be put back: {}", task.object_name, outcome.message),
                        outcome.detail.empty() ? "nothing was dropped"
                                               : outcome.detail + "; nothing was dropped",
                        "abandon with --drop-rows, or mend the rows");
        log::warn("{} stays NOT VALID: {}\n  detail: {}", task.object_name, outcome.message,
                  outcome.detail);
    }
}

void print(const cli::Options &options, const state::MigrationRow &row, const Dropped &dropped) {
    const char *verb = options.dry_run ? "would drop" : "dropped";
    if (options.json) {
        nlohmann::json emptied = nlohmann::json::array();
        for (const auto *table : dropped.tables)
            emptied.push_back(plan::target_relation(*table));
        nlohmann::json restored = nlohmann::json::array();
        for (const auto &task : dropped.aside)
            restored.push_back(
                {{"type", task.object_type}, {"name", task.object_name}, {"phase", task.phase}});
        report::write_stdout(json_document(nlohmann::json{{"schema_version", 1},
                                                          {"migration", row.name},
                                                          {"dry_run", options.dry_run},
                                                          {"emptied", std::move(emptied)},
                                                          {"large_objects", dropped.large_objects},
                                                          {"put_back", std::move(restored)}}));
        return;
    }
    auto text = fmt::format("{} the state of migration \"{}\" (begun {})\n", verb, row.name,
                            row.created_at);
    for (const auto *table : dropped.tables)
        text += fmt::format("{} the rows of {}\n", verb, plan::target_relation(*table));
    for (const auto &oid : dropped.large_objects)
        text += fmt::format("{} large object {}\n", verb, oid);
    for (const auto &task : dropped.aside)
        if (task.phase != "validate")
            text += fmt::format("{} {} {}\n", options.dry_run ? "would put back" : "put back",
                                task.object_type, task.object_name);
    report::write_stdout(text);
}

} // namespace

Exit abandon(const cli::Options &options) {
    auto target = open_target(options);
    const auto migration = state::Migration::find_latest(target, options.name);
    if (!migration || migration->row(target).state == protocol::migration_state::kDone)
        throw Error(
            Exit::refused, "nothing-to-abandon",
            fmt::format("there is no unfinished migration \"{}\" on the target", options.name), "",
            "\"SELECT id, name, state FROM custody.migration\" on the target lists them all");
    if (const auto holder = state::lock_run(target, migration->id()))
        throw state::run_in_progress(options.name, *holder);
    failpoint("abandon.after_lock");
    if (!options.dry_run) {
        // A run that has lost its lock begins nothing from here on, see Migration::join_run().
        for (const auto &snapshot : migration->snapshots(target))
            migration->lose_snapshot(target, snapshot.number);
        state::wait_for_leftovers(target, migration->id(), std::chrono::seconds(5));
    }
    const auto row = migration->row(target);
    const auto plan = plan::from_json(parse_json(row.plan));
    target.exec("set synchronous_commit = on");
    state::Transaction transaction(target);
    const auto tasks = migration->tasks(target);
    Dropped dropped{{}, {}, still_aside(tasks)};
    if (options.drop_rows) {
        dropped.tables = filled_tables(target, *migration, plan);
        dropped.large_objects = made_objects(target, tasks);
    }
    if (!options.dry_run) {
        for (const auto *table : dropped.tables)
            empty_target(target, *table);
        for (const auto &oid : dropped.large_objects)
            target.query("select pg_catalog.lo_unlink($1::oid)", oid);
        failpoint("abandon.after_rows");
        put_back(target, dropped.aside);
        migration->remove(target);
        failpoint("abandon.before_commit");
        transaction.commit();
        failpoint("abandon.after_commit");
    }
    print(options, row, dropped);
    return Exit::ok;
}

} // namespace custody::run
