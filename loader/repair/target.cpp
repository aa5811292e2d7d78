#include "loader/repair/target.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "loader/plan/sql.hpp"

namespace custody::repair {
namespace {

// The tables by number, and the type that each column's domain stands for.
constexpr const char *kTables =
    "WITH RECURSIVE tables AS (SELECT n - 1 AS number, name::pg_catalog.regclass AS oid "
    "FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS t(name, n)) ";

// Of these types "=" is identity of what is stored, under a deterministic collation.
constexpr const char *kExactTypes =
    "16, 17, 18, 19, 20, 21, 23, 25, 26, 28, 29, 650, 774, 790, 829, 869, 1043, 1082, 1083, 1114, "
    "1184, 1266, 1560, 1562, 2950, 3220, 5069";
// text, json, xml, bpchar, varchar, bytea, jsonb: the same text under any setting pinned here.
constexpr const char *kTextTypes = "25, 114, 142, 1042, 1043, 17, 3802";

std::string column_query() {
    return fmt::format(
        "{}, base AS (SELECT t.number, a.attnum, a.atttypid AS type, false AS checked "
        "FROM tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid "
        "WHERE a.attnum > 0 AND NOT a.attisdropped UNION ALL "
        "SELECT b.number, b.attnum, y.typbasetype, b.checked OR y.typnotnull "
        "FROM base b JOIN pg_catalog.pg_type y ON y.oid = b.type WHERE y.typtype = 'd') "
        "SELECT b.number, a.attname, pg_catalog.format('%I.%I', yn.nspname, y.typname), "
        "coalesce(c.collisdeterministic, true) AND (y.oid IN ({}) "
        "OR y.typtype = 'e' AND a.atttypid = y.oid), y.oid IN ({}), "
        "a.attnotnull OR b.checked, a.attidentity, a.attgenerated <> '', "
        // The operator of the primary key's index, a btree (of others, strategy 3 may be &&).
        "(SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname) "
        "FROM pg_catalog.pg_index i CROSS JOIN pg_catalog.generate_series(0, i.indnkeyatts - 1) k "
        "JOIN pg_catalog.pg_opclass p ON p.oid = i.indclass[k] AND p.opcmethod = 403 "
        "JOIN pg_catalog.pg_amop m ON m.amopfamily = p.opcfamily AND m.amopstrategy = 3 "
        "AND m.amoplefttype = p.opcintype AND m.amoprighttype = p.opcintype "
        "JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr "
        "JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace "
        "WHERE i.indrelid = a.attrelid AND i.indisprimary AND i.indkey[k] = a.attnum) "
        "FROM base b JOIN tables t ON t.number = b.number "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = b.attnum "
        "JOIN pg_catalog.pg_type y ON y.oid = b.type AND y.typtype <> 'd' "
        "JOIN pg_catalog.pg_namespace yn ON yn.oid = y.typnamespace "
        "LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation",
        kTables, kExactTypes, kTextTypes);
}

std::string relations(const plan::Plan &plan) {
    std::vector<std::string> names;
    for (const auto &table : plan.tables)
        names.push_back(plan::target_relation(table));
    return pq::array_literal(names);
}

TargetTable &table_of(Schema &schema, const pq::Result &result, int row) {
    return schema.tables.at(static_cast<std::size_t>(result.number(row, 0)));
}

std::optional<std::size_t> find_column(const TargetTable &table, std::string_view name) {
    for (std::size_t number = 0; number < table.columns.size(); ++number)
        if (table.columns[number].name == name)
            return number;
    return std::nullopt;
}

/// Nothing when one of them is not among the columns that are compared.
std::optional<std::vector<std::size_t>> find_columns(const TargetTable &table,
                                                     std::string_view names) {
    std::vector<std::size_t> numbers;
    for (const auto &name : pq::parse_array(names)) {
        const auto number = find_column(table, name);
        if (!number)
            return std::nullopt;
        numbers.push_back(*number);
    }
    return numbers;
}

void read_columns(pq::Connection &target, const std::string &names, Schema &schema) {
    const auto found = target.query(column_query(), names);
    for (int row = 0; row < found.rows(); ++row) {
        auto &table = table_of(schema, found, row);
        table.identity = table.identity || !found.text(row, 6).empty();
        const auto number = find_column(table, found.text(row, 1));
        if (!number) {
            table.more = table.more || !found.boolean(row, 7);
            continue;
        }
        auto &column = table.columns[*number];
        column.type = found.str(row, 2);
        column.exact = found.boolean(row, 3);
        column.text = found.boolean(row, 4);
        column.nullable = !found.boolean(row, 5);
        column.never_updated = found.text(row, 6) == "a";
        column.equals =
            found.is_null(row, 8) && column.exact ? "OPERATOR(pg_catalog.=)" : found.str(row, 8);
    }
}

void read_uniques(pq::Connection &target, const std::string &names, Schema &schema) {
    const auto found = target.query(
        std::string(kTables) +
            "SELECT t.number, array(SELECT a.attname FROM "
            "pg_catalog.generate_series(0, i.indnkeyatts - 1) k JOIN pg_catalog.pg_attribute a "
            "ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] ORDER BY k), "
            "CASE WHEN c.condeferrable THEN pg_catalog.format('%I.%I', n.nspname, c.conname) END, "
            // Of version 15 and later.
            "coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) "
            "FROM tables t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid AND i.indisunique "
            "LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = i.indexrelid "
            "AND c.contype IN ('p', 'u') "
            "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace ORDER BY i.indexrelid",
        names);
    for (int row = 0; row < found.rows(); ++row) {
        auto &table = table_of(schema, found, row);
        auto columns = find_columns(table, found.text(row, 1));
        if (columns && !columns->empty())
            table.uniques.push_back(
                {std::move(*columns), found.str(row, 2), found.boolean(row, 3)});
    }
}

/// Tables of the plan, by number, that are a relation or partitions of it.
constexpr const char *kKeyQuery =
    ", members AS (SELECT t.number, a.relid FROM tables t "
    "CROSS JOIN LATERAL (SELECT t.oid AS relid UNION "
    "SELECT p.relid FROM pg_catalog.pg_partition_ancestors(t.oid) p UNION "
    "SELECT p.relid FROM pg_catalog.pg_partition_tree(t.oid) p) a) "
    "SELECT p.number, c.number, k.conrelid::pg_catalog.regclass, "
    "CASE WHEN k.condeferrable THEN pg_catalog.format('%I.%I', n.nspname, k.conname) END, "
    "array(SELECT a.attname FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(num, ord) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY ord), "
    "array(SELECT a.attname FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(num, ord) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY "
    "ord), "
    "array(SELECT pg_catalog.format('OPERATOR(%I.%s)', s.nspname, o.oprname) "
    "FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u(op, ord) "
    "JOIN pg_catalog.pg_operator o ON o.oid = u.op "
    "JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace ORDER BY ord), "
    "k.confdeltype NOT IN ('a', 'r'), k.confupdtype NOT IN ('a', 'r') "
    "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace "
    "JOIN members p ON p.relid = k.confrelid LEFT JOIN members c ON c.relid = k.conrelid "
    "WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid, p.number, c.number";

std::vector<std::string> quoted(std::string_view names) {
    auto list = pq::parse_array(names);
    for (auto &name : list)
        name = pq::quote_identifier(name);
    return list;
}

/// The query names a key once for each of its children in scope.
void add_dependent(Schema &schema, Dependent dependent) {
    if (schema.dependents.empty() || schema.dependents.back() != dependent)
        schema.dependents.push_back(std::move(dependent));
}

void read_foreign_keys(pq::Connection &target, const std::string &names, Schema &schema) {
    const auto found = target.query(std::string(kTables) + kKeyQuery, names);
    for (int row = 0; row < found.rows(); ++row) {
        auto &parent = table_of(schema, found, row);
        parent.referenced = true;
        const auto number = static_cast<std::size_t>(found.number(row, 0));
        if (found.boolean(row, 7))
            add_dependent(schema,
                          {number, found.str(row, 2), quoted(found.text(row, 4)),
                           quoted(found.text(row, 5)), pq::parse_array(found.text(row, 6))});
        if (found.is_null(row, 1))
            continue;
        ForeignKey key;
        key.parent = number;
        key.child = static_cast<std::size_t>(found.number(row, 1));
        auto &child = schema.tables.at(key.child);
        const auto child_columns = find_columns(child, found.text(row, 4));
        const auto parent_columns = find_columns(parent, found.text(row, 5));
        if (!child_columns || !parent_columns)
            continue;
        key.child_columns = *child_columns;
        key.parent_columns = *parent_columns;
        key.deferrable = found.str(row, 3);
        if (found.boolean(row, 8))
            for (const auto column : key.child_columns)
                child.columns[column].cascaded = true;
        schema.foreign_keys.push_back(std::move(key));
    }
}

} // namespace

Schema read_schema(pq::Connection &target, const plan::Plan &plan) {
    Schema schema;
    for (const auto &table : plan.tables) {
        TargetTable here;
        here.plan = &table;
        for (const auto &column : table.columns) {
            here.columns.emplace_back();
            here.columns.back().name = column.name;
        }
        for (const auto &name : table.key)
            if (const auto number = find_column(here, name))
                here.key.push_back(*number);
        schema.tables.push_back(std::move(here));
    }
    const auto names = relations(plan);
    read_columns(target, names, schema);
    read_uniques(target, names, schema);
    read_foreign_keys(target, names, schema);
    schema.hash_text = plan.target.encoding != "SQL_ASCII";
    return schema;
}

} // namespace custody::repair
