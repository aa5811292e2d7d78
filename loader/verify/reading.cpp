#include "loader/verify/reading.hpp"

#include <map>

#include <fmt/format.h>

#include "loader/plan/sql.hpp"

namespace custody::verify {
namespace {

// A comment at the end of the user's condition must not swallow the parenthesis.
void add_condition(std::string &conditions, const std::string &condition) {
    if (!condition.empty())
        conditions += fmt::format("{}({}\n)", conditions.empty() ? "" : " AND ", condition);
}

/// "schema"."function" by column name, for the types of the values as they are read.
std::map<std::string, std::string> send_functions(pq::Connection &connection,
                                                  const Subject &subject, Which which,
                                                  const std::string &relation) {
    std::vector<std::string> types;
    for (const auto &column : subject.table->columns)
        types.push_back(which == Which::source ? column.cast : "");
    const auto rows = connection.query(
        "select c.name, pg_catalog.format('%I.%I', n.nspname, p.proname) "
        "from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) "
        "c (name, type) left join pg_catalog.pg_attribute a on a.attrelid = "
        "$1::pg_catalog.regclass and a.attname = c.name and not a.attisdropped "
        "join pg_catalog.pg_type t on t.oid = case when c.type <> '' "
        "then c.type::pg_catalog.regtype::oid else a.atttypid end "
        "join pg_catalog.pg_proc p on p.oid = t.typsend "
        "join pg_catalog.pg_namespace n on n.oid = p.pronamespace",
        relation, pq::array_literal(column_names(*subject.table)), pq::array_literal(types));
    std::map<std::string, std::string> functions;
    for (int row = 0; row < rows.rows(); ++row)
        functions[rows.str(row, 0)] = rows.str(row, 1);
    return functions;
}

std::vector<digest::SqlColumn> sql_columns(pq::Connection &connection, const Subject &subject,
                                           Which which, const std::string &relation) {
    const bool binary = subject.form == wire::Form::binary;
    const auto sends = binary ? send_functions(connection, subject, which, relation)
                              : std::map<std::string, std::string>();
    std::vector<digest::SqlColumn> columns;
    for (const auto &column : subject.table->columns) {
        const auto send = sends.find(column.name);
        if (binary && send == sends.end())
            throw Error(
                Exit::refused, "send-function-missing",
                fmt::format("column \"{}\" of {} has no send function", column.name, relation), "",
                "compare the table with --method=stream");
        columns.push_back(
            {column.name, value_of(column, which), binary ? send->second : "", column.rule.kind});
    }
    return columns;
}

// With the star it is the row, also where a column has the table's name; and without an alias the
// user's condition may name the table.
std::string whole_row(const std::string &table) { return pq::quote_identifier(table) + ".*"; }

} // namespace

Reading reading_of(const Subject &subject, Which which) {
    const plan::Table &table = *subject.table;
    Reading reading;
    if (which == Which::target) {
        reading.relations = {plan::target_relation(table)};
        reading.from = {plan::target_rows(table)};
        reading.row = {whole_row(table.target_name)};
        // The rows that the plan left behind on the source are none of the target's; of an
        // extension's table both sides have rows that are nobody's.
        if (table.extension_config)
            add_condition(reading.condition, table.row_filter);
    } else {
        for (const auto &leaf : table.leaves) {
            reading.relations.push_back(pq::qualified(leaf.schema, leaf.name));
            reading.row.push_back(whole_row(leaf.name));
        }
        if (table.leaves.empty()) {
            reading.relations = {plan::source_relation(table)};
            reading.row = {whole_row(table.name)};
        }
        for (const auto &relation : reading.relations)
            reading.from.push_back("ONLY " + relation);
        add_condition(reading.condition, table.row_filter);
        for (const auto &column : table.columns)
            reading.casts = reading.casts || !column.cast.empty();
    }
    add_condition(reading.condition, subject.condition);
    return reading;
}

std::string value_of(const plan::Column &column, Which which) {
    const auto name = pq::quote_identifier(column.name);
    return which == Which::target || column.cast.empty() ? name
                                                         : fmt::format("{}::{}", name, column.cast);
}

std::string copy_out(const Subject &subject, Which which) {
    const auto reading = reading_of(subject, which);
    std::string values;
    for (const auto &column : subject.table->columns)
        values += (values.empty() ? " " : ", ") + value_of(column, which);
    std::string queries;
    for (const auto &from : reading.from)
        queries +=
            fmt::format("{}SELECT{} FROM {}{}{}", queries.empty() ? "" : " UNION ALL ", values,
                        from, reading.condition.empty() ? "" : " WHERE ", reading.condition);
    return fmt::format("COPY ({}) TO STDOUT (FORMAT {})", queries, wire::form_name(subject.form));
}

std::vector<digest::SqlQuery> sql_queries(pq::Connection &connection, const Subject &subject,
                                          Which which) {
    const auto reading = reading_of(subject, which);
    std::vector<digest::SqlQuery> queries;
    for (std::size_t i = 0; i < reading.from.size(); ++i) {
        digest::SqlQuery query;
        query.relation = reading.from[i];
        query.columns = sql_columns(connection, subject, which, reading.relations[i]);
        query.key = subject.table->key;
        query.form = subject.form;
        query.condition = reading.condition;
        query.buckets = subject.buckets;
        queries.push_back(std::move(query));
    }
    return queries;
}

std::vector<std::string> column_names(const plan::Table &table) {
    std::vector<std::string> names;
    for (const auto &column : table.columns)
        names.push_back(column.name);
    return names;
}

} // namespace custody::verify
