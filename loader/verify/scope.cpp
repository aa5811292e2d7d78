#include "loader/verify/scope.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/catalog.hpp"
#include "loader/plan/json.hpp"
#include "loader/plan/selection.hpp"
#include "loader/run/reconcile.hpp"
#include "loader/run/settings.hpp"
#include "loader/state/handshake.hpp"
#include "loader/state/migration.hpp"
#include "loader/verify/relations.hpp"

namespace custody::verify {
namespace {

std::string name_of(const plan::Table &table) { return table.schema + "." + table.name; }

void tell(Scope &scope, const std::string &type, const std::string &name, std::string_view verdict,
          std::string reason) {
    auto result = unverified(type, name, std::move(reason));
    result.verdict = verdict;
    scope.told.push_back(std::move(result));
}

bool names_part(const cli::Options &options) {
    return !options.schemas.empty() || !options.tables.empty() ||
           !options.exclude_schemas.empty() || !options.exclude_tables.empty();
}

cli::Options with_patterns_of(cli::Options wanted, const cli::Options &options) {
    wanted.schemas = options.schemas;
    wanted.tables = options.tables;
    wanted.exclude_schemas = options.exclude_schemas;
    wanted.exclude_tables = options.exclude_tables;
    return wanted;
}

/// The newest migration of the name, where the target has the extension and the role may see it.
std::optional<state::Migration> find_migration(const cli::Options &options,
                                               pq::Connection &target) {
    const auto seen =
        target.exec("select coalesce(pg_catalog.has_schema_privilege(e.extnamespace, 'USAGE') "
                    "and pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) "
                    "from pg_catalog.pg_extension e left join pg_catalog.pg_class c "
                    "on c.relnamespace = e.extnamespace and c.relname = 'migration' "
                    "where e.extname = 'custody'");
    if (seen.rows() == 0)
        return std::nullopt;
    if (!seen.boolean(0, 0)) {
        log::info("the role may not read the state of migrations on the target: all that the "
                  "options name is compared");
        return std::nullopt;
    }
    state::handshake(target);
    return state::Migration::find_latest(target, options.name);
}

void require_same_settings(const cli::Options &options, const cli::Options &stored) {
    if ((options.mappings.empty() || options.mappings == stored.mappings) &&
        (options.casts.empty() || options.casts == stored.casts))
        return;
    throw Error(Exit::refused, "settings-differ",
                fmt::format("migration \"{}\" was begun with other settings", options.name),
                "different: --map or --cast",
                "leave them out, or name another migration with --name");
}

/// Of the rows that --where selects, by source table. Under the migration's own filter they are
/// looked at on the source only: the target has no others.
std::string condition_of(const plan::Table &table, const plan::Plan &now) {
    const auto &schema = table.leaves.empty() ? table.schema : table.leaves.front().schema;
    const auto &name = table.leaves.empty() ? table.name : table.leaves.front().name;
    for (const auto &other : now.tables)
        if (other.schema == schema && other.name == name)
            return other.row_filter;
    return "";
}

void add_item(Scope &scope, plan::Table table, std::string condition) {
    Item item;
    item.table = std::move(table);
    item.condition = std::move(condition);
    scope.items.push_back(std::move(item));
}

/// With patterns on the command line only what they name of the migration; otherwise all of it.
void add_migration(Scope &scope, const cli::Options &options, pq::Connection &source,
                   pq::Connection &target, const state::Migration &migration) {
    const auto row = migration.row(target);
    auto wanted = run::with_stored_settings(options, parse_json(row.options));
    require_same_settings(options, wanted);
    auto stored = plan::from_json(parse_json(row.plan));
    const bool narrowed = names_part(options);
    if (narrowed)
        wanted = with_patterns_of(wanted, options);
    if (!options.row_filters.empty())
        wanted.row_filters = options.row_filters;
    const auto now = plan::build(source, nullptr, wanted);
    if (narrowed)
        std::erase_if(stored.tables, [&](const auto &table) {
            return std::none_of(now.tables.begin(), now.tables.end(), [&](const auto &other) {
                return name_of(other) == name_of(table);
            });
        });
    auto reconciled = run::reconcile(std::move(stored), now);
    for (const auto &altered : reconciled.altered)
        tell(scope, "table", name_of(altered.table), protocol::verdict::kDifferent, altered.why);
    for (const auto &name : reconciled.created)
        tell(scope, "table", name, protocol::verdict::kDifferent, "the migration has not moved it");
    for (auto &table : reconciled.plan.tables) {
        auto condition = options.row_filters.empty() ? "" : condition_of(table, now);
        add_item(scope, std::move(table), std::move(condition));
    }
    scope.not_compared = now.not_moved;
    const plan::Selection selection(wanted);
    for (auto &task : migration.tasks(target))
        if (!narrowed || (task.kind == "sequence" &&
                          selection.includes({task.object_schema, task.object_name, {}})))
            scope.tasks.push_back(std::move(task));
}

/// What a migration remembers of the source, which is not asked.
void add_stored(Scope &scope, const cli::Options &options, pq::Connection &target,
                const state::Migration &migration) {
    const auto row = migration.row(target);
    require_same_settings(options, run::with_stored_settings(options, parse_json(row.options)));
    scope.source.description = row.source;
    scope.source.identity = row.source_identity;
    scope.source.version = row.source_version;
    const plan::Selection selection(options);
    auto plan = plan::from_json(parse_json(row.plan));
    std::map<int, std::string> lsns;
    for (const auto &snapshot : migration.snapshots(target))
        lsns[snapshot.number] = snapshot.lsn;
    std::map<int, state::TableRow> rows;
    for (auto &table : migration.tables(target))
        rows.emplace(table.id, std::move(table));
    for (auto &table : plan.tables) {
        if (!selection.includes({table.schema, table.name, {}}))
            continue;
        const auto &known = rows.at(table.id);
        if (!known.source_digests || known.encoding_version != digest::kEncodingVersion) {
            tell(scope, "table", name_of(table), protocol::verdict::kUnverified,
                 "the migration has stored no digests of it that can be compared");
            continue;
        }
        table.buckets = known.source_digests->size();
        const int snapshot = known.confirmed_snapshot.value_or(known.snapshot.value_or(0));
        add_item(scope, std::move(table), "");
        scope.items.back().remembered = Remembered{*known.source_digests, lsns[snapshot]};
    }
    for (auto &task : migration.tasks(target))
        if (selection.includes({task.object_schema, task.object_name, {}}))
            scope.tasks.push_back(std::move(task));
}

/// Without a migration. What of a table cannot be compared is told: the rest of it being equal
/// must not look like a proof.
void add_all(Scope &scope, const cli::Options &options, pq::Connection &source,
             pq::Connection &target) {
    auto plan = plan::build(source, &target, options);
    for (const auto &finding : plan.findings)
        if (finding.severity == plan::Severity::blocking && finding.code != "column-required")
            scope.told.push_back(unverified("column", finding.object, finding.seen));
    for (auto &other : only_on_target(options, target, plan))
        scope.told.push_back(std::move(other));
    for (auto &column : stored_on_source(source, plan))
        scope.told.push_back(std::move(column));
    scope.not_compared = plan.not_moved;
    if (!names_part(options))
        for (auto &what : without_migration(source, target))
            scope.not_compared.push_back(std::move(what));
    for (auto &table : plan.tables) {
        // The same rows on both sides; of an extension's table both have the filter anyway.
        auto condition = table.extension_config ? "" : std::move(table.row_filter);
        if (!table.extension_config)
            table.row_filter.clear();
        add_item(scope, std::move(table), std::move(condition));
    }
}

std::vector<const plan::Table *> tables_of(const Scope &scope) {
    std::vector<const plan::Table *> tables;
    for (const auto &item : scope.items)
        tables.push_back(&item.table);
    return tables;
}

/// Leaves only what both sides have and the roles may read; the rest is told.
void find_relations(Scope &scope, pq::Connection *source, pq::Connection &target) {
    const auto on_target = find_on_target(target, tables_of(scope));
    const auto on_source = source == nullptr ? std::vector<Found>(on_target.size())
                                             : find_on_source(*source, tables_of(scope));
    std::vector<Item> items;
    for (std::size_t i = 0; i < scope.items.size(); ++i) {
        auto &item = scope.items[i];
        bool good = true;
        for (const auto *found : {&on_source[i], &on_target[i]}) {
            if (good && !found->missing.empty())
                tell(scope, "table", name_of(item.table), protocol::verdict::kDifferent,
                     found->missing);
            else if (good && !found->unreadable.empty())
                tell(scope, "table", name_of(item.table), protocol::verdict::kUnverified,
                     found->unreadable);
            good = good && found->missing.empty() && found->unreadable.empty();
        }
        if (!good)
            continue;
        item.source = on_source[i].relations;
        item.target = on_target[i].relations;
        items.push_back(std::move(item));
    }
    scope.items = std::move(items);
}

} // namespace

Scope make_scope(const cli::Options &options, pq::Connection *source, pq::Connection &target) {
    Scope scope;
    scope.target = plan::read_server(target);
    scope.target_ability = ability_of(target);
    if (source != nullptr) {
        scope.source = plan::read_server(*source);
        scope.source_ability = ability_of(*source);
    }
    require_possible(options, scope.source_ability, scope.target_ability);
    const auto migration = find_migration(options, target);
    if (migration)
        scope.migration = migration->id();
    if (source == nullptr && !migration)
        throw Error(Exit::refused, "migration-missing",
                    fmt::format("the target has no migration \"{}\" whose stored digests could "
                                "be compared",
                                options.name),
                    "", "name it with --name, or compare both databases without --method=stored");
    if (source == nullptr)
        add_stored(scope, options, target, *migration);
    else if (migration)
        add_migration(scope, options, *source, target, *migration);
    else
        add_all(scope, options, *source, target);
    find_relations(scope, source, target);
    for (auto &item : scope.items)
        item.ways = ways_of(options, scope.source_ability, scope.target_ability, item.table,
                            item.condition);
    return scope;
}

} // namespace custody::verify
