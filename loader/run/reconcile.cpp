#include "loader/run/reconcile.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "loader/run/context.hpp"
#include "loader/run/large_objects.hpp"

namespace custody::run {
namespace {

constexpr const char *kNew = "was created on the source after the migration was begun";

/// Names with their types; "" for one that the target generates, or the source.
std::map<std::string, std::string> columns_of(const plan::Table &table) {
    std::map<std::string, std::string> columns;
    for (const auto &column : table.columns)
        columns[column.name] = column.type;
    for (const auto &column : table.generated)
        columns[column.name];
    return columns;
}

bool same_columns(const plan::Table &stored, const plan::Table &now) {
    const auto before = columns_of(stored);
    const auto after = columns_of(now);
    return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                      [](const auto &a, const auto &b) {
                          return a.first == b.first &&
                                 (a.second == b.second || a.second.empty() || b.second.empty());
                      });
}

using Present = std::map<std::pair<std::string, std::string>, const plan::Table *>;

/// Takes over what one table of the source is now; returns why it cannot be compared, or "".
std::string renew_table(plan::Table &table, Present &present, std::vector<std::string> &remade) {
    const auto found = present.find({table.schema, table.name});
    if (found == present.end())
        return "the source has no such table any more";
    const plan::Table &fresh = *found->second;
    present.erase(found);
    if (!same_columns(table, fresh))
        return "its columns on the source are not those of the plan";
    if (fresh.source_oid != table.source_oid)
        remade.push_back(display_name(table));
    table.source_oid = fresh.source_oid;
    table.source_filenode = fresh.source_filenode;
    table.method = fresh.method;
    table.part_key = fresh.part_key;
    table.parts = fresh.parts;
    table.bytes = fresh.bytes;
    return "";
}

/// The same for a table that stands for partitions. Its parts stay: they are ranges of these.
std::string renew_leaves(plan::Table &table, Present &present, std::vector<std::string> &remade) {
    table.bytes = 0;
    for (auto &leaf : table.leaves) {
        const std::string name = leaf.schema + "." + leaf.name;
        const auto found = present.find({leaf.schema, leaf.name});
        if (found == present.end())
            return "the source has no partition " + name + " any more";
        const plan::Table &fresh = *found->second;
        present.erase(found);
        if (!same_columns(table, fresh))
            return "the columns of its partition " + name + " are not those of the plan";
        if (fresh.source_oid != leaf.oid)
            remade.push_back(name);
        leaf.oid = fresh.source_oid;
        leaf.filenode = fresh.source_filenode;
        table.bytes += fresh.bytes;
    }
    return "";
}

} // namespace

Reconciled reconcile(plan::Plan stored, const plan::Plan &now) {
    Present present;
    for (const auto &table : now.tables)
        present[{table.schema, table.name}] = &table;
    Reconciled result;
    std::vector<plan::Table> kept;
    for (auto &table : stored.tables) {
        const auto renew = table.leaves.empty() ? renew_table : renew_leaves;
        if (auto why = renew(table, present, result.remade); !why.empty()) {
            result.altered.push_back({table, std::move(why)});
            continue;
        }
        kept.push_back(std::move(table));
    }
    stored.tables = std::move(kept);
    for (const auto &[name, table] : present)
        result.created.push_back(display_name(*table));
    result.plan = std::move(stored);
    return result;
}

std::vector<state::Unproven> new_tables(const std::vector<std::string> &created) {
    std::vector<state::Unproven> found;
    for (const auto &name : created)
        found.push_back({"table", name, kNew});
    return found;
}

std::vector<state::Unproven> new_objects(const cli::Options &options,
                                         const std::vector<std::string> &created,
                                         pq::Connection &source,
                                         const std::vector<state::TaskRow> &tasks) {
    auto found = new_tables(created);
    if (!moves_large_objects(options))
        return found;
    std::set<std::string> known;
    for (const auto &task : tasks)
        if (task.kind == "large_object")
            known.insert(task.object_name);
    for (const auto &task : large_object_tasks(source))
        if (!known.contains(task.object_name))
            found.push_back({"large object", task.object_name, kNew});
    return found;
}

} // namespace custody::run
