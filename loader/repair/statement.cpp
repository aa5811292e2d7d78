#include "loader/repair/statement.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "common/sha256.hpp"
#include "loader/plan/sql.hpp"

namespace custody::repair {
namespace {

constexpr std::size_t kLongBytes = 200; // of a value that is compared by its hash where it may be

std::string hash_literal(std::string_view text) {
    const auto hash = digest::sha256(std::as_bytes(std::span(text.data(), text.size())));
    std::string hex = "'\\x";
    for (const auto byte : hash)
        hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return hex + "'::pg_catalog.bytea";
}

/// Collects the text of one statement and its parameters.
class Writer {
  public:
    Writer(const Schema &schema, std::size_t table, Style style)
        : schema_(schema), table_(schema.tables[table]), style_(style) {}

    Statement finish(std::string sql) && { return {std::move(sql), std::move(parameters_)}; }

    /// Without a cast, so that it is assigned: a value that is too long is refused, not cut.
    std::string assigned(const std::optional<std::string> &value) {
        if (!value)
            return "NULL";
        if (style_ == Style::literals)
            return quote_literal(*value);
        parameters_.emplace_back(*value);
        return fmt::format("${}", parameters_.size());
    }

    std::string typed(const TargetColumn &column, const std::string &value) {
        return assigned(value) + "::" + column.type;
    }

    /// The column holds exactly this value.
    std::string holds(std::size_t number, const std::optional<std::string> &value) {
        const auto &column = table_.columns[number];
        const auto name = pq::quote_identifier(column.name);
        if (!value) // IS NULL would also be true of a composite of NULLs
            return name + (column.exact ? " IS NULL" : " IS NOT DISTINCT FROM NULL");
        const bool by_hash = column.text && schema_.hash_text && value->size() > kLongBytes;
        if (by_hash)
            return fmt::format("pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.format('%s', "
                               "{}), 'UTF8')) OPERATOR(pg_catalog.=) {}",
                               name, hash_literal(*value));
        if (column.exact)
            return fmt::format("{} OPERATOR(pg_catalog.=) {}", name, typed(column, *value));
        // Both sides by the output function, under the same settings. It writes NULL as nothing.
        const std::string_view output = "pg_catalog.format('%s', {}) COLLATE pg_catalog.\"C\"";
        return fmt::format("{}{} OPERATOR(pg_catalog.=) {}",
                           value->empty() ? name + " IS DISTINCT FROM NULL AND " : "",
                           fmt::format(fmt::runtime(output), name),
                           fmt::format(fmt::runtime(output), typed(column, *value)));
    }

    /// The row is this one: found by its key's index, then compared column by column. `also`: what
    /// a column that a cascade may have set can hold as well.
    std::string is_row(const Values &row, const Values *also = nullptr) {
        std::string conditions;
        const auto add = [&](const std::string &condition) {
            conditions += (conditions.empty() ? "" : " AND ") + condition;
        };
        std::vector<bool> done(row.size());
        for (const auto number : table_.key) {
            const auto &column = table_.columns[number];
            // The source's primary key need not be one on the target.
            if (!row[number] || column.equals.empty())
                continue;
            add(fmt::format("{} {} {}", pq::quote_identifier(column.name), column.equals,
                            typed(column, *row[number])));
            done[number] = column.exact;
        }
        for (std::size_t number = 0; number < row.size(); ++number) {
            if (done[number])
                continue;
            if (also != nullptr && table_.columns[number].cascaded &&
                (*also)[number] != row[number])
                add(fmt::format("({} OR {})", holds(number, row[number]),
                                holds(number, (*also)[number])));
            else
                add(holds(number, row[number]));
        }
        return conditions.empty() ? "true" : conditions;
    }

    std::string rows() const { return plan::target_rows(*table_.plan); }
    const TargetTable &table() const { return table_; }

  private:
    const Schema &schema_;
    const TargetTable &table_;
    Style style_;
    std::vector<pq::Param> parameters_;
};

Statement insert(Writer writer, const Change &change) {
    const auto &table = writer.table();
    std::string names;
    std::string values;
    for (std::size_t number = 0; number < change.after.size(); ++number) {
        names += (names.empty() ? "" : ", ") + pq::quote_identifier(table.columns[number].name);
        values += (values.empty() ? "" : ", ") + writer.assigned(change.after[number]);
    }
    const auto relation = plan::target_relation(*table.plan);
    if (names.empty())
        return std::move(writer).finish(fmt::format("INSERT INTO {} DEFAULT VALUES", relation));
    return std::move(writer).finish(
        fmt::format("INSERT INTO {} ({}){} VALUES ({})", relation, names,
                    table.identity ? " OVERRIDING SYSTEM VALUE" : "", values));
}

Statement update(Writer writer, const Change &change) {
    std::string set;
    for (std::size_t number = 0; number < change.after.size(); ++number)
        if (change.sets(number))
            set += fmt::format("{}{} = {}", set.empty() ? "" : ", ",
                               pq::quote_identifier(writer.table().columns[number].name),
                               writer.assigned(change.after[number]));
    const auto row = writer.is_row(change.before, &change.after);
    const auto rows = writer.rows();
    return std::move(writer).finish(fmt::format("UPDATE {} SET {} WHERE {}", rows, set, row));
}

/// Nothing that refers to the row would be deleted or changed with it.
std::string alone(const Schema &schema, std::size_t table) {
    std::string conditions;
    for (const auto &dependent : schema.dependents) {
        if (dependent.parent != table)
            continue;
        std::string join;
        for (std::size_t i = 0; i < dependent.child_columns.size(); ++i)
            join += fmt::format("{}custody_row.{} {} custody_child.{}", join.empty() ? "" : " AND ",
                                dependent.parent_columns[i], dependent.equals[i],
                                dependent.child_columns[i]);
        // A row that refers to itself takes nothing else along.
        join += " AND NOT (custody_child.tableoid OPERATOR(pg_catalog.=) custody_row.tableoid "
                "AND custody_child.ctid OPERATOR(pg_catalog.=) custody_row.ctid)";
        // What row security hides would go all the same.
        conditions += fmt::format(" AND NOT pg_catalog.row_security_active({}::pg_catalog.text)"
                                  " AND NOT EXISTS (SELECT FROM {} AS custody_child WHERE {})",
                                  quote_literal(dependent.relation), dependent.relation, join);
    }
    return conditions;
}

Statement erase(Writer writer, const Schema &schema, const Change &change) {
    const auto &table = writer.table();
    const auto rows = writer.rows();
    const auto row = writer.is_row(change.before);
    const auto others = alone(schema, change.table);
    if (!table.key.empty())
        return std::move(writer).finish(
            fmt::format("DELETE FROM {} AS custody_row WHERE {}{}", rows, row, others));
    const auto same = fmt::format("FROM {} AS custody_row WHERE {}{} LIMIT {} FOR UPDATE", rows,
                                  row, others, change.count);
    // In a partitioned table a ctid alone names a row in each partition.
    if (table.plan->routed)
        return std::move(writer).finish(
            fmt::format("DELETE FROM {} WHERE (tableoid, ctid) OPERATOR(pg_catalog.=) ANY "
                        "(SELECT tableoid, ctid {})",
                        rows, same));
    return std::move(writer).finish(
        fmt::format("DELETE FROM {} WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT "
                    "ctid {}))",
                    rows, same));
}

} // namespace

std::string quote_literal(std::string_view value) {
    std::string text;
    bool escaped = false;
    for (const char c : value) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '\'') {
            text += "''";
        } else if (c == '\\') {
            text += "\\\\";
            escaped = true;
        } else if (c == '\n') {
            text += "\\n";
            escaped = true;
        } else if (code < 0x20 || code == 0x7f) {
            text += fmt::format("\\x{:02x}", code);
            escaped = true;
        } else {
            text += c;
        }
    }
    return (escaped ? "E'" : "'") + text + "'";
}

Statement statement_of(const Schema &schema, const Change &change, Style style) {
    Writer writer(schema, change.table, style);
    switch (change.action) {
    case Action::insert:
        return insert(std::move(writer), change);
    case Action::update:
        return update(std::move(writer), change);
    case Action::erase:
        return erase(std::move(writer), schema, change);
    }
    return {};
}

std::optional<Statement> lock_of(const Schema &schema, const Change &change, Style style) {
    if (change.action != Action::erase ||
        std::none_of(schema.dependents.begin(), schema.dependents.end(),
                     [&](const auto &dependent) { return dependent.parent == change.table; }))
        return std::nullopt;
    Writer writer(schema, change.table, style);
    const auto row = writer.is_row(change.before);
    const auto rows = writer.rows();
    return std::move(writer).finish(fmt::format("SELECT 1 FROM {} WHERE {} FOR UPDATE", rows, row));
}

Statement wanted_query(const Schema &schema, const Change &change) {
    Writer writer(schema, change.table, Style::parameters);
    const auto row = writer.is_row(change.after);
    const auto rows = writer.rows();
    return std::move(writer).finish(
        fmt::format("SELECT pg_catalog.count(*) FROM {} WHERE {}", rows, row));
}

std::string_view session_settings() noexcept {
    return "SET client_encoding = 'UTF8';\n"
           "SET standard_conforming_strings = on;\n"
           "SET datestyle = 'ISO, MDY';\n"
           "SET intervalstyle = 'postgres';\n"
           "SET extra_float_digits = 3;\n"
           "SET bytea_output = 'hex';\n"
           "SET array_nulls = on;\n"
           "SET xmloption = 'content';\n"
           "SET lc_monetary = 'C';\n";
}

} // namespace custody::repair
