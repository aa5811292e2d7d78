#include "loader/state/insert.hpp"

#include "loader/core/json.hpp"
#include "loader/plan/json.hpp"

namespace custody::state {
namespace {

using nlohmann::json;

template <typename T> json or_null(const std::optional<T> &value) {
    return value ? json(*value) : json(nullptr);
}

json table_json(const plan::Table &table) {
    json columns = json::array();
    for (const auto &column : table.columns)
        columns.push_back(column.name);
    return {{"id", table.id},
            {"source_schema", table.schema},
            {"source_table", table.name},
            {"target_schema", table.target_schema},
            {"target_table", table.target_name},
            {"source_oid", table.source_oid},
            {"source_filenode", table.source_filenode},
            {"columns", std::move(columns)},
            {"key_columns", table.key},
            {"form", wire::form_name(table.form)},
            {"buckets", table.buckets},
            {"row_filter", table.row_filter},
            {"method", plan::method_name(table.method)},
            {"part_key", table.method == plan::PartMethod::key ? table.part_key : std::string()},
            {"bytes", table.bytes},
            {"estimated_rows", table.estimated_rows},
            {"persistence", table.persistence}};
}

void add_parts(json &list, int table_id, std::span<const plan::Part> parts) {
    for (const auto &part : parts)
        list.push_back({{"table_id", table_id},
                        {"number", part.number},
                        {"lower", or_null(part.lower)},
                        {"upper", or_null(part.upper)}});
}

void store_parts(pq::Connection &target, std::int64_t migration, const json &parts) {
    target.query(
        "INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper) "
        "SELECT $1::pg_catalog.int8, p.table_id, p.number, (SELECT coalesce(max(o.id), 0) "
        "FROM custody.migration_part o WHERE o.migration_id = $1) + "
        "pg_catalog.row_number() OVER (ORDER BY p.table_id, p.number), p.lower, p.upper "
        "FROM pg_catalog.jsonb_to_recordset($2) AS p "
        "(table_id int, number int, lower bigint, upper bigint)",
        std::to_string(migration), parts.dump());
}

} // namespace

void insert_tables(pq::Connection &target, std::int64_t migration,
                   std::span<const plan::Table> tables) {
    json list = json::array();
    json parts = json::array();
    for (const auto &table : tables) {
        list.push_back(table_json(table));
        add_parts(parts, table.id, table.parts);
    }
    store_parts(target, migration, parts);
    target.query(
        "INSERT INTO custody.migration_table (migration_id, id, source_schema, source_table, "
        "target_schema, target_table, source_oid, source_filenode, columns, key_columns, form, "
        "buckets, row_filter, method, part_key, bytes, estimated_rows, persistence) "
        "SELECT $1::pg_catalog.int8, t.* FROM pg_catalog.jsonb_to_recordset($2) AS t "
        "(id int, source_schema text, source_table text, target_schema text, target_table text, "
        "source_oid oid, source_filenode oid, columns text[], key_columns text[], form text, "
        "buckets int, row_filter text, method text, part_key text, bytes bigint, "
        "estimated_rows bigint, persistence text)",
        std::to_string(migration), list.dump());
}

void insert_parts(pq::Connection &target, std::int64_t migration, int table_id,
                  std::span<const plan::Part> parts) {
    json list = json::array();
    add_parts(list, table_id, parts);
    store_parts(target, migration, list);
}

void insert_tasks(pq::Connection &target, std::int64_t migration, std::span<const TaskRow> tasks) {
    json list = json::array();
    for (const auto &task : tasks)
        list.push_back({{"id", task.id},
                        {"kind", task.kind},
                        {"phase", task.phase},
                        {"position", task.position},
                        {"object_type", task.object_type},
                        {"object_schema", task.object_schema},
                        {"object_name", task.object_name},
                        {"table_id", or_null(task.table_id)},
                        {"needs_rows", task.needs_rows},
                        {"dump_id", or_null(task.dump_id)},
                        {"depends", task.depends},
                        {"sql", task.sql},
                        {"note", task.note.empty() ? json(nullptr) : json(task.note)}});
    target.query(
        "INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, "
        "object_type, object_schema, object_name, table_id, needs_rows, dump_id, depends, sql, "
        "note) SELECT $1::pg_catalog.int8, t.* FROM pg_catalog.jsonb_to_recordset($2) AS t "
        "(id int, kind text, phase text, position int, object_type text, object_schema text, "
        "object_name text, table_id int, needs_rows boolean, dump_id int, depends int[], "
        "sql text, note text)",
        std::to_string(migration), list.dump());
}

} // namespace custody::state
