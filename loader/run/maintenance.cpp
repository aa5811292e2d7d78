#include "loader/run/maintenance.hpp"

#include <map>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/plan/sql.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

constexpr const char *kPhase = "maintenance";

// Neither can run inside a transaction that also sets the task's state (VACUUM cannot at all),
// and both may run twice: the state follows the work.
void maintain(Context &context, Worker &worker, const plan::Table &table, int task_id) {
    auto &target = worker.target();
    failpoint("vacuum.before");
    const auto relation = plan::target_relation(table);
    if (table.parts.size() > 1)
        target.exec("vacuum (analyze) " + relation);
    else
        target.exec("analyze " + relation);
    failpoint("vacuum.after");
    state::Transaction transaction(target);
    if (context.migration.claim_task(target, task_id))
        context.migration.finish_task(target, task_id);
    transaction.commit();
}

} // namespace

std::vector<state::TaskRow> maintenance_tasks(const plan::Plan &plan) {
    std::vector<state::TaskRow> tasks;
    for (const auto &table : plan.tables) {
        state::TaskRow task;
        task.kind = table.parts.size() > 1 ? "vacuum" : "analyze";
        task.phase = kPhase;
        task.object_type = "TABLE";
        task.object_schema = table.target_schema;
        task.object_name = table.target_name;
        task.table_id = table.id;
        task.needs_rows = true;
        tasks.push_back(std::move(task));
    }
    return tasks;
}

void add_maintenance(Context &context, Scheduler &scheduler, Worker &first) {
    std::map<int, const plan::Table *> tables;
    for (const auto &table : context.plan.tables)
        tables[table.id] = &table;
    std::map<int, bool> copied;
    for (const auto &row : context.migration.tables(first.target()))
        copied[row.id] = row.state != protocol::table_state::kPending;
    for (const auto &task : context.migration.tasks(first.target())) {
        if (task.phase != kPhase || task.state != protocol::task_state::kPending ||
            !copied[*task.table_id])
            continue;
        const auto &table = *tables.at(*task.table_id);
        scheduler.add({fmt::format("{} {}", task.kind, display_name(table)),
                       JobClass::build,
                       static_cast<double>(table.bytes),
                       {},
                       [&context, &table, id = task.id](Worker &worker) {
                           maintain(context, worker, table, id);
                       }});
    }
}

void analyze_parents(Context &context, Worker &worker) {
    std::vector<std::string> relations;
    for (const auto &table : context.plan.tables)
        relations.push_back(plan::target_relation(table));
    const auto parents = worker.target().query(
        "with recursive parent (oid) as ("
        "select inhparent from pg_catalog.pg_inherits "
        "where inhrelid in (select pg_catalog.to_regclass(t) from pg_catalog.unnest($1::text[]) t) "
        "union select i.inhparent from pg_catalog.pg_inherits i join parent p "
        "on i.inhrelid = p.oid) "
        "select pg_catalog.format('%I.%I', n.nspname, c.relname) from parent "
        "join pg_catalog.pg_class c using (oid) "
        "join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'p'",
        pq::array_literal(relations));
    for (int row = 0; row < parents.rows(); ++row)
        worker.target().exec("analyze " + parents.str(row, 0));
}

} // namespace custody::run
