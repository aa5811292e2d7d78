#include "loader/run/audited_load.hpp"

#include <map>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/retry.hpp"
#include "loader/run/task_runner.hpp"

namespace custody::run {

bool begin_load(pq::Connection &target, const plan::Table &table) {
    const auto relation = plan::target_relation(table);
    // What COPY takes anyway: custody.audit() cannot come between the look and the copy.
    target.exec("lock table " + plan::target_rows(table) + " in row exclusive mode");
    // The functions are for those who have the duty; other tables are loaded without them.
    const bool has_trigger =
        target
            .query("select exists (select from pg_catalog.pg_trigger t "
                   "join pg_catalog.pg_proc p on p.oid = t.tgfoid "
                   "join pg_catalog.pg_namespace n on n.oid = p.pronamespace "
                   "where t.tgrelid = $1::pg_catalog.regclass and p.proname = 'capture' "
                   "and n.nspname = 'custody')",
                   relation)
            .boolean(0, 0);
    if (!has_trigger)
        return false;
    const bool begun =
        target.query("select custody.begin_load($1::pg_catalog.regclass)", relation).boolean(0, 0);
    failpoint("load.after_begin");
    return begun;
}

void record_load(Context &context, pq::Connection &target, int table_id, int part) {
    target.query("select custody.record_load($1, $2, $3)", std::to_string(context.migration.id()),
                 std::to_string(table_id), std::to_string(part));
    failpoint("load.after_record");
}

void add_baselines(Context &context, Scheduler &scheduler, Worker &first) {
    std::map<int, double> bytes;
    for (const auto &table : context.plan.tables)
        bytes[table.id] = static_cast<double>(table.bytes);
    const auto tasks = with_retry(first, "reading the baselines to record",
                                  [&] { return context.migration.tasks(first.target()); });
    for (const auto &task : tasks)
        if (task.kind == "baseline" && task.state == protocol::task_state::kPending)
            scheduler.add({"baseline of " + display_name(task),
                           JobClass::build,
                           bytes[task.table_id.value_or(0)],
                           {},
                           [&context, task](Worker &worker) {
                               const double started = report::now();
                               run_task(context, worker, task);
                               context.chronicle.span("baseline", display_name(task), started);
                           }});
}

} // namespace custody::run
