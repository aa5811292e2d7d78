#include "loader/run/maintenance.hpp"

#include <map>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/retry.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

constexpr const char *kPhase = "maintenance";

/// What one job does: tables that only VACUUM can finish, one ANALYZE, the tasks it settles.
struct Upkeep {
    std::vector<std::string> vacuum;
    std::string analyze; // the root of a partitioned table, or the table itself
    std::vector<int> tasks;
    std::vector<int> tables;
    double bytes = 0;
};

// Neither can run inside a transaction that also sets the tasks' state (VACUUM cannot at all),
// and both may run twice: the state follows the work.
void maintain(Context &context, Worker &worker, const Upkeep &upkeep) {
    auto &target = worker.target();
    failpoint("vacuum.before");
    for (const auto &relation : upkeep.vacuum)
        target.exec("vacuum " + relation);
    target.exec("analyze " + upkeep.analyze);
    failpoint("vacuum.after");
    state::Transaction transaction(target);
    for (const int id : upkeep.tasks)
        if (context.migration.claim_task(target, id))
            context.migration.finish_task(target, id);
    failpoint("vacuum.before_commit");
    transaction.commit();
    failpoint("vacuum.after_commit");
}

/// The target relation to analyze for each of the plan's: its partition root, or itself.
std::map<std::string, std::string> analysis_roots(pq::Connection &target, const plan::Plan &plan) {
    std::vector<std::string> relations;
    for (const auto &table : plan.tables)
        relations.push_back(plan::target_relation(table));
    const auto rows = target.query(
        "select t, pg_catalog.format('%I.%I', n.nspname, c.relname) "
        "from pg_catalog.unnest($1::text[]) t "
        "join pg_catalog.pg_class c on c.oid = coalesce("
        "pg_catalog.pg_partition_root(pg_catalog.to_regclass(t)), pg_catalog.to_regclass(t)) "
        "join pg_catalog.pg_namespace n on n.oid = c.relnamespace",
        pq::array_literal(relations));
    std::map<std::string, std::string> roots;
    for (int row = 0; row < rows.rows(); ++row)
        roots[rows.str(row, 0)] = rows.str(row, 1);
    return roots;
}

std::map<std::string, Upkeep> group(Context &context, pq::Connection &target) {
    std::map<int, const plan::Table *> tables;
    for (const auto &table : context.plan.tables)
        tables[table.id] = &table;
    const auto roots = analysis_roots(target, context.plan);
    std::map<std::string, Upkeep> groups;
    for (const auto &task : context.migration.tasks(target)) {
        if (task.phase != kPhase || task.state != protocol::task_state::kPending)
            continue;
        const auto &table = *tables.at(*task.table_id);
        const auto relation = plan::target_relation(table);
        const auto root = roots.find(relation);
        if (root == roots.end())
            continue; // the table was not made; its own failure says so
        auto &upkeep = groups[root->second];
        upkeep.analyze = root->second;
        if (table.parts.size() > 1)
            upkeep.vacuum.push_back(relation);
        upkeep.tasks.push_back(task.id);
        upkeep.tables.push_back(table.id);
        upkeep.bytes += static_cast<double>(table.bytes);
    }
    return groups;
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

std::map<int, double> family_bytes(pq::Connection &target, const plan::Plan &plan) {
    const auto roots = analysis_roots(target, plan);
    const auto root_of = [&](const plan::Table &table) {
        const auto found = roots.find(plan::target_relation(table));
        return found == roots.end() ? plan::target_relation(table) : found->second;
    };
    std::map<std::string, double> sums;
    for (const auto &table : plan.tables)
        sums[root_of(table)] += static_cast<double>(table.bytes);
    std::map<int, double> bytes;
    for (const auto &table : plan.tables)
        bytes[table.id] = sums[root_of(table)];
    return bytes;
}

void add_maintenance(Context &context, Scheduler &scheduler, Worker &first,
                     const std::function<std::vector<JobId>(int table)> &before) {
    const auto groups = with_retry(first, "reading what is to be analyzed",
                                   [&] { return group(context, first.target()); });
    for (const auto &[root, upkeep] : groups) {
        std::vector<JobId> after;
        for (const int table : upkeep.tables)
            for (const JobId job : before(table))
                after.push_back(job);
        const double weight = upkeep.bytes;
        scheduler.add({"analyze " + root, JobClass::build, weight, std::move(after),
                       [&context, upkeep = upkeep](Worker &worker) {
                           const double started = report::now();
                           with_retry(worker, "statistics of " + upkeep.analyze,
                                      [&] { maintain(context, worker, upkeep); });
                           context.chronicle.span("analyze", upkeep.analyze, started);
                       }});
    }
}

} // namespace custody::run
