#include "loader/run/foreign_keys.hpp"

#include <set>

#include <fmt/format.h>

#include "loader/plan/sql.hpp"

namespace custody::run {
namespace {

// $1 and $2: text[] of qualified names. Tables with the partitioned tables above them.
constexpr const char *kKeys = R"(
with recursive family (oid, filled) as (
    select pg_catalog.to_regclass(t)::oid, t = any ($2::text[]) from pg_catalog.unnest($1::text[]) t
    union
    select i.inhparent, f.filled from pg_catalog.pg_inherits i join family f on i.inhrelid = f.oid)
select n.nspname, pg_catalog.format('%s %s', r.relname, c.conname),
       pg_catalog.format('alter table %s drop constraint %I', c.conrelid::pg_catalog.regclass,
                         c.conname),
       c.conrelid in (select oid from family where filled)
       or c.confrelid in (select oid from family where filled)
from pg_catalog.pg_constraint c
join pg_catalog.pg_class r on r.oid = c.conrelid
join pg_catalog.pg_namespace n on n.oid = r.relnamespace
where c.contype = 'f' and c.conparentid = 0
  and (c.conrelid in (select oid from family) or c.confrelid in (select oid from family))
order by 1, 2)";

bool makes_key(const state::TaskRow &task) {
    return task.kind == "foreign_key" && !task.sql.empty();
}

} // namespace

void drop_foreign_keys(pq::Connection &target, const plan::Plan &plan,
                       const std::vector<const plan::Table *> &filled,
                       const std::vector<state::TaskRow> &tasks) {
    std::vector<std::string> all, some;
    for (const auto &table : plan.tables)
        all.push_back(plan::target_relation(table));
    for (const auto *table : filled)
        some.push_back(plan::target_relation(*table));
    std::set<std::pair<std::string, std::string>> known;
    for (const auto &task : tasks)
        if (makes_key(task))
            known.emplace(task.object_schema, task.object_name);
    const auto keys = target.query(kKeys, pq::array_literal(all), pq::array_literal(some));
    for (int row = 0; row < keys.rows(); ++row) {
        if (known.contains({keys.str(row, 0), keys.str(row, 1)}))
            target.exec(keys.str(row, 2));
        else if (keys.boolean(row, 3))
            throw Error(Exit::partial, "foreign-key-unknown",
                        fmt::format("a foreign key of the target, \"{}\" in schema \"{}\", would "
                                    "not be checked while rows are copied",
                                    keys.str(row, 1), keys.str(row, 0)),
                        "it is not among those that this migration makes",
                        "drop it, and add it again when the run is done");
    }
}

} // namespace custody::run
