#include "loader/verify/table_check.hpp"

#include "loader/copy/hasher.hpp"
#include "loader/copy/stream.hpp"
#include "loader/plan/sql.hpp"

namespace custody::verify {
namespace {

digest::BucketSet from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::vector<std::byte> bytes;
    for (std::size_t i = 2; i + 1 < text.size(); i += 2) // after "\x"
        bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
    return digest::BucketSet::from_bytes(bytes);
}

// The relations that hold the rows: the table itself, or the leaves below it.
std::vector<std::string> storage_relations(pq::Connection &target, const plan::Table &table) {
    const auto relation = plan::target_relation(table);
    if (!table.routed)
        return {relation};
    const auto leaves =
        target.query("select pg_catalog.format('%I.%I', n.nspname, c.relname) "
                     "from pg_catalog.pg_partition_tree($1::pg_catalog.regclass) t "
                     "join pg_catalog.pg_class c on c.oid = t.relid "
                     "join pg_catalog.pg_namespace n on n.oid = c.relnamespace where t.isleaf "
                     "and c.relkind = 'r' order by c.oid",
                     relation);
    std::vector<std::string> names;
    if (leaves.rows() == 0)
        names.push_back(relation);
    for (int row = 0; row < leaves.rows(); ++row)
        names.push_back(leaves.str(row, 0));
    return names;
}

std::vector<std::string> column_names(const plan::Table &table) {
    std::vector<std::string> names;
    for (const auto &column : table.columns)
        names.push_back(column.name);
    return names;
}

// Through COPY and the loader's own hash: the extension reads whole tables only.
TargetScan scan_selected(pq::Connection &target, const plan::Table &table,
                         const std::vector<std::string> &writers) {
    plan::Table here = table;
    here.schema = table.target_schema;
    here.name = table.target_name;
    for (auto &column : here.columns)
        column.cast.clear();
    copy::StreamRequest request;
    request.out_sql = plan::copy_out(here, plan::Part{});
    request.form = table.form;
    auto hasher = copy::make_hasher(table);
    const auto streamed = copy::stream(target, nullptr, request, hasher);
    TargetScan total{static_cast<std::int64_t>(streamed.rows), 0, hasher.buckets()};
    if (!writers.empty())
        total.foreign_rows =
            target
                .query("select count(*) from only " + plan::target_relation(table) + " where (" +
                           table.row_filter +
                           ") and xmin <> all (array(select pg_catalog.xid(w) from "
                           "pg_catalog.unnest($1::pg_catalog.xid8[]) w))",
                       pq::array_literal(writers))
                .number(0, 0);
    return total;
}

} // namespace

TargetScan scan_target(pq::Connection &target, const plan::Table &table,
                       const std::vector<std::string> &writers, Locking locking) {
    if (table.extension_config)
        return scan_selected(target, table, writers);
    TargetScan total{0, 0, digest::BucketSet(table.buckets)};
    for (const auto &relation : storage_relations(target, table)) {
        if (locking == Locking::share)
            target.exec("lock table only " + relation + " in share mode");
        const auto scan =
            target.query("select rows, foreign_rows, digests from custody.migration_scan("
                         "$1::pg_catalog.regclass, $2::text[], $3, $4::text[], $5::int4, "
                         "$6::pg_catalog.xid8[])",
                         relation, pq::array_literal(column_names(table)),
                         std::string(wire::form_name(table.form)), pq::array_literal(table.key),
                         std::to_string(table.buckets),
                         writers.empty() ? pq::Param() : pq::Param(pq::array_literal(writers)));
        total.rows += scan.number(0, 0);
        total.foreign_rows += scan.number(0, 1);
        total.digests += from_hex(scan.text(0, 2));
    }
    return total;
}

std::int64_t wrong_generated_rows(pq::Connection &target, const plan::Table &table,
                                  const std::string &condition) {
    const auto sql = plan::count_wrong_generated(table, condition);
    return sql.empty() ? 0 : target.exec(sql).number(0, 0);
}

std::int64_t lossy_rows(pq::Connection &source, const plan::Table &table) {
    const auto sql = plan::count_lossy_rows(table, plan::Part{});
    return sql.empty() ? 0 : source.exec(sql).number(0, 0);
}

std::int64_t count_source(pq::Connection &source, const plan::Table &table) {
    return source.exec(plan::count_rows(table)).number(0, 0);
}

} // namespace custody::verify
