#include "loader/plan/sql.hpp"

#include <fmt/format.h>

#include "loader/pq/connection.hpp"

namespace custody::plan {
namespace {

void add_condition(std::string &conditions, const std::string &condition) {
    if (!conditions.empty())
        conditions += " AND ";
    conditions += condition;
}

// A comment at the end of the user's condition must not swallow the parenthesis.
std::string enclosed(const std::string &condition) { return "(" + condition + "\n)"; }

std::string where(const std::string &conditions) {
    return conditions.empty() ? "" : " WHERE " + conditions;
}

std::string format_option(const Table &table) {
    return fmt::format("FORMAT {}", wire::form_name(table.form));
}

std::string casted(const Column &column) {
    const std::string name = pq::quote_identifier(column.name);
    return column.cast.empty() ? name : fmt::format("{}::{} AS {}", name, column.cast, name);
}

// What a part reads: the table, or some of its leaves.
std::vector<std::string> relations_of(const Table &table, const Part &part) {
    if (table.leaves.empty())
        return {source_relation(table)};
    const bool ranged = table.method == PartMethod::leaf;
    const auto first = ranged ? part.lower.value_or(0) : 0;
    const auto count = static_cast<std::int64_t>(table.leaves.size());
    const auto last = ranged ? part.upper.value_or(count) : count;
    std::vector<std::string> relations;
    for (auto i = first; i < last; ++i) {
        const Leaf &leaf = table.leaves.at(static_cast<std::size_t>(i));
        relations.push_back(pq::qualified(leaf.schema, leaf.name));
    }
    return relations;
}

std::string count(const Table &table, const Part &part, const std::string &conditions) {
    std::string sum;
    for (const auto &relation : relations_of(table, part)) {
        const auto query =
            fmt::format("SELECT pg_catalog.count(*) FROM ONLY {}{}", relation, where(conditions));
        if (table.leaves.empty())
            return query;
        sum += fmt::format("{}({})", sum.empty() ? "" : " + ", query);
    }
    return "SELECT " + sum;
}

} // namespace

std::string source_storage(const Table &table) {
    std::string list;
    for (const auto &relation : relations_of(table, Part{}))
        list += (list.empty() ? "ONLY " : ", ONLY ") + relation;
    return list;
}

std::string source_relation(const Table &table) { return pq::qualified(table.schema, table.name); }

std::string target_relation(const Table &table) {
    return pq::qualified(table.target_schema, table.target_name);
}

std::string target_rows(const Table &table) {
    return (table.routed ? "" : "ONLY ") + target_relation(table);
}

std::string part_condition(const Table &table, const Part &part) {
    std::string conditions;
    if (table.method == PartMethod::ctid) {
        if (part.lower)
            add_condition(conditions, fmt::format("ctid >= '({},0)'::pg_catalog.tid", *part.lower));
        if (part.upper)
            add_condition(conditions, fmt::format("ctid < '({},0)'::pg_catalog.tid", *part.upper));
    } else if (table.method == PartMethod::key) {
        // Quoted, because -9223372036854775808 is not an int8 literal without quotes.
        const std::string key = pq::quote_identifier(table.part_key);
        if (part.lower)
            add_condition(conditions, fmt::format("{} >= '{}'::pg_catalog.int8", key, *part.lower));
        if (part.upper)
            add_condition(conditions, fmt::format("{} < '{}'::pg_catalog.int8", key, *part.upper));
    }
    if (!table.row_filter.empty())
        add_condition(conditions, enclosed(table.row_filter));
    return conditions;
}

std::string copy_out(const Table &table, const Part &part) {
    std::string columns;
    for (const auto &column : table.columns)
        columns += (columns.empty() ? " " : ", ") + casted(column);
    const std::string conditions = where(part_condition(table, part));
    std::string queries;
    for (const auto &relation : relations_of(table, part))
        queries += fmt::format("{}SELECT{} FROM ONLY {}{}", queries.empty() ? "" : " UNION ALL ",
                               columns, relation, conditions);
    return fmt::format("COPY ({}) TO STDOUT ({})", queries, format_option(table));
}

std::string copy_in(const Table &table, bool freeze) {
    // A column list cannot be empty; a table without columns takes none.
    std::string columns;
    for (const auto &column : table.columns)
        columns += (columns.empty() ? " (" : ", ") + pq::quote_identifier(column.name);
    if (!columns.empty())
        columns += ")";
    return fmt::format("COPY {}{} FROM STDIN ({}{})", target_relation(table), columns,
                       format_option(table), freeze ? ", FREEZE" : "");
}

bool can_freeze(const Table &table) {
    return table.parts.size() == 1 && !table.referenced && !table.routed && !table.extension_config;
}

std::string count_rows(const Table &table) {
    return count(table, Part{}, table.row_filter.empty() ? "" : enclosed(table.row_filter));
}

std::string count_lossy_rows(const Table &table, const Part &part) {
    std::string lost;
    for (const auto &column : table.columns) {
        if (!column.lossy_checked || column.cast.empty())
            continue;
        // By text, not by "=": that ignores what it calls equal, and json has none.
        const std::string name = pq::quote_identifier(column.name);
        lost += fmt::format("{}{}::{}::{}::pg_catalog.text IS DISTINCT FROM {}::pg_catalog.text",
                            lost.empty() ? "" : " OR ", name, column.cast, column.type, name);
    }
    if (lost.empty())
        return "";
    std::string conditions = "(" + lost + ")";
    if (const auto selected = part_condition(table, part); !selected.empty())
        add_condition(conditions, selected);
    return count(table, part, conditions);
}

std::string count_wrong_generated(const Table &table, const std::string &condition) {
    std::string wrong;
    for (const auto &column : table.generated) {
        // The cast repeats the assignment's, which pg_get_expr does not show. Images are compared
        // so that a type needs no "=" and 1.0 is not 1.00; by the function, because the operator
        // between two ROW()s is taken column by column.
        const std::string name = pq::quote_identifier(column.name);
        const char *const comparison =
            column.composite ? "{}{}::pg_catalog.text IS DISTINCT FROM ({})::{}::pg_catalog.text"
                             : "{}pg_catalog.record_image_ne(ROW({}), ROW(({})::{}))";
        wrong += fmt::format(fmt::runtime(comparison), wrong.empty() ? "" : " OR ", name,
                             column.expression, column.type);
    }
    if (wrong.empty())
        return "";
    std::string conditions = condition.empty() ? wrong : enclosed(wrong);
    if (!condition.empty())
        add_condition(conditions, enclosed(condition));
    return fmt::format("SELECT pg_catalog.count(*) FROM {}{}", target_rows(table),
                       where(conditions));
}

} // namespace custody::plan
