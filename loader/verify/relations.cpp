#include "loader/verify/relations.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/plan/catalog.hpp"
#include "loader/plan/selection.hpp"
#include "loader/plan/side.hpp"
#include "loader/plan/sql.hpp"

namespace custody::verify {
namespace {

// Rows: number of the table, oid, name, file, kind, whether the role may select, whether row
// security would hide rows, whether it is the table itself.
constexpr const char *kFacts =
    "select w.number, c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relfilenode, "
    "c.relkind, pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
    "and pg_catalog.has_table_privilege(c.oid, 'SELECT'), "
    "pg_catalog.row_security_active(c.oid), w.oid = w.root "
    "from ({}) w join pg_catalog.pg_class c on c.oid = w.oid "
    "join pg_catalog.pg_namespace n on n.oid = c.relnamespace order by w.number, c.oid";

constexpr const char *kByOid =
    "select u.number::int4, u.oid, u.oid as root from rows from "
    "(pg_catalog.unnest($1::int4[]), pg_catalog.unnest($2::oid[])) u (number, oid)";

// pg_partition_tree() has no row for a table that has nothing to do with partitions. to_regclass()
// would fail for all tables where one is in a schema that the role may not use.
constexpr const char *kByName =
    "select u.number::int4, t.oid, u.root from (select x.number, c.oid as root from rows from "
    "(pg_catalog.unnest($1::int4[]), pg_catalog.unnest($2::text[]), "
    "pg_catalog.unnest($3::text[])) x (number, schema, name) "
    "join pg_catalog.pg_namespace n on n.nspname = x.schema "
    "join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = x.name) u "
    "cross join lateral (select u.root as oid union "
    "select relid::oid from pg_catalog.pg_partition_tree(u.root::pg_catalog.regclass)) t";

std::vector<std::string> numbers(const std::vector<std::size_t> &of) {
    std::vector<std::string> texts;
    for (const auto number : of)
        texts.push_back(std::to_string(number));
    return texts;
}

/// Takes one row of kFacts over.
void take(Found &found, const pq::Result &rows, int row, std::string_view side) {
    const bool itself = rows.boolean(row, 7);
    const auto kind = rows.text(row, 4);
    const auto name = rows.str(row, 2);
    if (itself)
        found.missing.clear();
    if (itself && kind != "r" && kind != "p")
        found.missing = fmt::format("{} on the {} is not a table", name, side);
    const bool may_read = rows.boolean(row, 5);
    // Through the root a partition is read with the privileges and policies of the root.
    if (itself && !may_read)
        found.unreadable = fmt::format("the role may not read {} on the {}", name, side);
    else if (itself && rows.boolean(row, 6))
        found.unreadable =
            fmt::format("row security on the {} would hide rows of {} from the role", side, name);
    else if (kind == "f") // and no LOCK TABLE takes it
        found.unreadable =
            fmt::format("the rows of partition {} on the {} live on another server", name, side);
    if (may_read && kind != "f")
        found.relations.push_back(
            {rows.number<std::uint32_t>(row, 1), name, rows.number<std::uint32_t>(row, 3)});
}

std::vector<Found> found_in(const pq::Result &rows, std::size_t count, std::string_view side) {
    std::vector<Found> found(count);
    for (auto &one : found)
        one.missing = fmt::format("the {} has no such table", side);
    for (int row = 0; row < rows.rows(); ++row)
        take(found.at(rows.number<std::size_t>(row, 0)), rows, row, side);
    return found;
}

Comparison only_there(const std::string &type, const std::string &name, const std::string &why) {
    auto result = unverified(type, name, why);
    result.verdict = protocol::verdict::kDifferent;
    return result;
}

/// Of the tables that are compared: columns with values that nobody compares.
void add_columns(std::vector<Comparison> &result, pq::Connection &target, const plan::Plan &plan) {
    std::set<plan::Oid> oids;
    for (const auto &table : plan.tables)
        if (table.target_exists)
            oids.insert(table.target_oid);
    const auto attributes = plan::read_attributes(target, oids);
    for (const auto &table : plan.tables) {
        if (!table.target_exists)
            continue;
        for (const auto &attribute : attributes.at(table.target_oid)) {
            const bool known =
                attribute.generated != 0 ||
                std::any_of(table.columns.begin(), table.columns.end(),
                            [&](const auto &column) { return column.name == attribute.name; }) ||
                // It is there on both sides, and its types are told apart elsewhere.
                std::any_of(plan.findings.begin(), plan.findings.end(), [&](const auto &finding) {
                    return finding.object ==
                           fmt::format("{}.{}.{}", table.schema, table.name, attribute.name);
                });
            if (!known)
                result.push_back(only_there(
                    "column", fmt::format("{}.{}.{}", table.schema, table.name, attribute.name),
                    "only the target has the column"));
        }
    }
}

} // namespace

std::vector<Found> find_on_source(pq::Connection &source,
                                  const std::vector<const plan::Table *> &tables) {
    std::vector<std::size_t> of;
    std::vector<std::string> oids;
    for (std::size_t number = 0; number < tables.size(); ++number) {
        const auto &table = *tables[number];
        for (const auto &leaf : table.leaves) {
            of.push_back(number);
            oids.push_back(std::to_string(leaf.oid));
        }
        if (!table.leaves.empty())
            continue;
        of.push_back(number);
        oids.push_back(std::to_string(table.source_oid));
    }
    return found_in(source.query(fmt::format(kFacts, kByOid), pq::array_literal(numbers(of)),
                                 pq::array_literal(oids)),
                    tables.size(), "source");
}

std::vector<Found> find_on_target(pq::Connection &target,
                                  const std::vector<const plan::Table *> &tables) {
    std::vector<std::size_t> of;
    std::vector<std::string> schemas, names;
    for (std::size_t number = 0; number < tables.size(); ++number) {
        of.push_back(number);
        schemas.push_back(tables[number]->target_schema);
        names.push_back(tables[number]->target_name);
    }
    return found_in(target.query(fmt::format(kFacts, kByName), pq::array_literal(numbers(of)),
                                 pq::array_literal(schemas), pq::array_literal(names)),
                    tables.size(), "target");
}

std::vector<Comparison> only_on_target(const cli::Options &options, pq::Connection &target,
                                       const plan::Plan &plan) {
    std::set<std::pair<std::string, std::string>> compared;
    for (const auto &table : plan.tables)
        compared.insert({table.target_schema, table.target_name});
    plan::Side side;
    side.read(target);
    const plan::Selection selection(options);
    std::vector<Comparison> result;
    for (const auto &[oid, relation] : side.relations) {
        if (relation.kind != 'r' || !relation.extension.empty())
            continue;
        bool known = compared.contains({relation.schema, relation.name});
        plan::Lineage lineage{relation.schema, relation.name, {}};
        for (const auto *ancestor : side.ancestors(relation)) {
            known = known || compared.contains({ancestor->schema, ancestor->name});
            lineage.ancestors.emplace_back(ancestor->schema, ancestor->name);
        }
        if (!known && selection.includes(lineage))
            result.push_back(only_there("table", relation.schema + "." + relation.name,
                                        "the source has no such table"));
    }
    add_columns(result, target, plan);
    return result;
}

std::vector<Comparison> stored_on_source(pq::Connection &source, const plan::Plan &plan) {
    const auto oid_of = [](const plan::Table &table) {
        return table.leaves.empty() ? table.source_oid : table.leaves.front().oid;
    };
    std::set<plan::Oid> oids;
    for (const auto &table : plan.tables)
        if (!table.generated.empty())
            oids.insert(oid_of(table));
    const auto attributes = plan::read_attributes(source, oids);
    std::vector<Comparison> result;
    for (const auto &table : plan.tables)
        for (const auto &column : table.generated)
            for (const auto &attribute : attributes.at(oid_of(table)))
                if (attribute.name == column.name && attribute.generated == 0)
                    result.push_back(unverified(
                        "column", fmt::format("{}.{}.{}", table.schema, table.name, column.name),
                        "the target generates the column, and what the source stores in it is not "
                        "compared"));
    return result;
}

std::vector<std::string> without_migration(pq::Connection &source, pq::Connection &target) {
    std::vector<std::string> result;
    const auto either = [&](const std::string &sql) {
        return source.exec(sql).boolean(0, 0) || target.exec(sql).boolean(0, 0);
    };
    if (either(
            "select exists (select from pg_catalog.pg_sequence s where not exists (select from "
            "pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass "
            "and d.objid = s.seqrelid and d.deptype = 'e'))"))
        result.emplace_back("sequences: only with a migration; custody compare shows their values");
    if (either("select exists (select from pg_catalog.pg_largeobject_metadata)"))
        result.emplace_back("large objects: only with a migration");
    return result;
}

} // namespace custody::verify
