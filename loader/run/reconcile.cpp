#include "loader/run/reconcile.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "loader/run/context.hpp"

namespace custody::run {
namespace {

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

} // namespace

Reconciled reconcile(plan::Plan stored, const plan::Plan &now) {
    std::map<std::pair<std::string, std::string>, const plan::Table *> present;
    for (const auto &table : now.tables)
        present[{table.schema, table.name}] = &table;
    Reconciled result;
    std::vector<plan::Table> kept;
    for (auto &table : stored.tables) {
        const auto found = present.find({table.schema, table.name});
        if (found == present.end()) {
            result.altered.push_back({table, "the source has no such table any more"});
            continue;
        }
        const plan::Table &fresh = *found->second;
        present.erase(found);
        if (!same_columns(table, fresh)) {
            result.altered.push_back(
                {table, "its columns on the source are not those of the plan"});
            continue;
        }
        if (fresh.source_oid != table.source_oid)
            result.remade.push_back(display_name(table));
        table.source_oid = fresh.source_oid;
        table.source_filenode = fresh.source_filenode;
        table.method = fresh.method;
        table.part_key = fresh.part_key;
        table.parts = fresh.parts;
        table.bytes = fresh.bytes;
        kept.push_back(std::move(table));
    }
    stored.tables = std::move(kept);
    for (const auto &[name, table] : present)
        result.created.push_back(display_name(*table));
    result.plan = std::move(stored);
    return result;
}

} // namespace custody::run
