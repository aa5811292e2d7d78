// Tables of a migration: read, complete, reset, judge.
#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/plan/json.hpp"
#include "loader/state/insert.hpp"
#include "loader/state/migration.hpp"
#include "loader/state/reader.hpp"
#include "loader/state/transaction.hpp"

namespace custody::state {
namespace {

constexpr auto kTables =
    "SELECT t.id, source_schema, source_table, target_schema, target_table, source_oid, "
    "source_filenode, columns, key_columns, form, buckets, row_filter, method, part_key, bytes, "
    "estimated_rows, persistence, state, p.parts, p.parts_done, snapshot, confirmed_snapshot, "
    "encoding_version, profile, source_rows, pg_catalog.encode(source_digests, 'hex') AS "
    "source_digests, source_count, target_rows, pg_catalog.encode(target_digests, 'hex') AS "
    "target_digests, foreign_rows, generated_wrong, lossy_rows, verdict, reason, started_at, "
    "copied_at, verified_at FROM custody.migration_table t, LATERAL (SELECT pg_catalog.count(*) "
    "AS parts, pg_catalog.count(*) FILTER (WHERE x.state = 'done') AS parts_done "
    "FROM custody.migration_part x WHERE x.migration_id = t.migration_id AND x.table_id = t.id) p "
    "WHERE t.migration_id = $1";

TableRow read_table(const Reader &r) {
    TableRow row;
    row.id = r.number("id");
    row.source_schema = r.str("source_schema");
    row.source_table = r.str("source_table");
    row.target_schema = r.str("target_schema");
    row.target_table = r.str("target_table");
    row.source_oid = r.number<std::uint32_t>("source_oid");
    row.source_filenode = r.number<std::uint32_t>("source_filenode");
    row.columns = r.texts("columns");
    row.key_columns = r.texts("key_columns");
    row.form = r.str("form");
    row.buckets = r.number("buckets");
    row.row_filter = r.str("row_filter");
    row.method = r.str("method");
    row.part_key = r.str("part_key");
    row.bytes = r.number<std::int64_t>("bytes");
    row.estimated_rows = r.number<std::int64_t>("estimated_rows");
    row.persistence = r.str("persistence");
    row.state = r.str("state");
    row.parts = r.number("parts");
    row.parts_done = r.number("parts_done");
    row.snapshot = r.maybe<int>("snapshot");
    row.confirmed_snapshot = r.maybe<int>("confirmed_snapshot");
    row.encoding_version = r.number("encoding_version");
    row.profile = r.str("profile");
    row.source_rows = r.maybe<std::int64_t>("source_rows");
    row.source_digests = r.digests("source_digests");
    row.source_count = r.maybe<std::int64_t>("source_count");
    row.target_rows = r.maybe<std::int64_t>("target_rows");
    row.target_digests = r.digests("target_digests");
    row.foreign_rows = r.maybe<std::int64_t>("foreign_rows");
    row.generated_wrong = r.maybe<std::int64_t>("generated_wrong");
    row.lossy_rows = r.maybe<std::int64_t>("lossy_rows");
    row.verdict = r.str("verdict");
    row.reason = r.str("reason");
    row.started_at = r.str("started_at");
    row.copied_at = r.str("copied_at");
    row.verified_at = r.str("verified_at");
    return row;
}

std::string label(const TableRow &row) {
    return pq::qualified(row.target_schema, row.target_table);
}

/// Locks the row against every other change of its state.
void lock_table(pq::Connection &target, const std::string &migration, const std::string &table) {
    target.query("SELECT FROM custody.migration_table WHERE migration_id = $1 AND id = $2 "
                 "FOR NO KEY UPDATE",
                 migration, table);
}

} // namespace

std::vector<TableRow> Migration::tables(pq::Connection &target) const {
    const auto found = target.query(std::string(kTables) + " ORDER BY t.id", std::to_string(id_));
    std::vector<TableRow> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back(read_table({found, i}));
    return rows;
}

TableRow Migration::table(pq::Connection &target, int table_id) const {
    const auto found = target.query(std::string(kTables) + " AND t.id = $2", std::to_string(id_),
                                    std::to_string(table_id));
    if (found.rows() == 0)
        throw state_moved(fmt::format("table {}", table_id), "there");
    return read_table({found, 0});
}

bool Migration::has_parts(pq::Connection &target, const TableRow &row) const {
    return target
        .query("SELECT custody.migration_has_parts($1, $2, $3)", std::to_string(id_),
               std::to_string(row.id), param(row.source_rows))
        .boolean(0, 0);
}

bool Migration::complete_table(pq::Connection &target, int table_id) const {
    const auto id = std::to_string(id_);
    const auto table = std::to_string(table_id);
    Transaction transaction(target);
    join_run(target);
    lock_table(target, id, table);
    // Only now, with the lock held, are the parts of every other worker that called this visible.
    const auto updated = target.query(
        "UPDATE custody.migration_table t SET state = 'copied', snapshot = p.snapshot, "
        "encoding_version = $3, profile = 'fast', source_rows = p.rows, "
        "source_digests = p.digests, lossy_rows = p.lossy_rows, started_at = p.started_at, "
        "copied_at = pg_catalog.clock_timestamp() FROM (SELECT "
        "pg_catalog.count(*) FILTER (WHERE x.state <> 'done') AS pending, "
        "max(x.snapshot) AS snapshot, sum(x.rows)::pg_catalog.int8 AS rows, "
        "custody.migration_digest_sum(x.digests) AS digests, "
        "sum(x.lossy_rows)::pg_catalog.int8 AS lossy_rows, min(x.started_at) AS started_at "
        "FROM custody.migration_part x WHERE x.migration_id = $1 AND x.table_id = $2) p "
        "WHERE t.migration_id = $1 AND t.id = $2 AND t.state = 'pending' AND p.pending = 0",
        id, table, std::to_string(digest::kEncodingVersion));
    transaction.commit();
    return updated.affected() == 1;
}

void Migration::reset_table(pq::Connection &target, int table_id, const std::string &why) const {
    const auto id = std::to_string(id_);
    const auto table_text = std::to_string(table_id);
    join_run(target);
    lock_table(target, id, table_text);
    target.query(
        "UPDATE custody.migration_table SET state = 'pending', snapshot = NULL, "
        "confirmed_snapshot = NULL, encoding_version = NULL, profile = NULL, source_rows = NULL, "
        "source_digests = NULL, source_count = NULL, lossy_rows = NULL, target_rows = NULL, "
        "target_digests = NULL, foreign_rows = NULL, generated_wrong = NULL, verdict = NULL, "
        "reason = NULL, verified_at = NULL, started_at = NULL, copied_at = NULL "
        "WHERE migration_id = $1 AND id = $2 AND state <> 'pending'",
        id, table_text);
    target.query("UPDATE custody.migration_part SET state = 'pending', snapshot = NULL, "
                 "rows = NULL, bytes = NULL, digests = NULL, lossy_rows = NULL, writer = NULL, "
                 "started_at = NULL, finished_at = NULL "
                 "WHERE migration_id = $1 AND table_id = $2 AND state <> 'pending'",
                 id, table_text);
    log(target, "warning", label(table(target, table_id)), "copied again: " + why);
}

void Migration::replace_parts(pq::Connection &target, int table_id, plan::PartMethod method,
                              const std::string &part_key,
                              std::span<const plan::Part> parts) const {
    const auto id = std::to_string(id_);
    const auto table_text = std::to_string(table_id);
    join_run(target);
    // Part ids are given out per migration: one session at a time.
    target.query("SELECT FROM custody.migration WHERE id = $1 FOR NO KEY UPDATE", id);
    const auto updated =
        target.query("UPDATE custody.migration_table SET method = $3, part_key = $4 "
                     "WHERE migration_id = $1 AND id = $2 AND state = 'pending'",
                     id, table_text, std::string(plan::method_name(method)),
                     method == plan::PartMethod::key ? part_key : std::string());
    if (updated.affected() == 0)
        throw state_moved(fmt::format("table {}", table_id), protocol::table_state::kPending);
    target.query("DELETE FROM custody.migration_part WHERE migration_id = $1 AND table_id = $2", id,
                 table_text);
    insert_parts(target, id_, table_id, parts);
}

void Migration::confirm_table(pq::Connection &target, int table_id, int snapshot) const {
    Transaction transaction(target);
    join_run(target);
    const auto updated =
        target.query("UPDATE custody.migration_table SET confirmed_snapshot = $3 "
                     "WHERE migration_id = $1 AND id = $2 AND state <> 'pending'",
                     std::to_string(id_), std::to_string(table_id), std::to_string(snapshot));
    if (updated.affected() == 0)
        throw state_moved(fmt::format("table {}", table_id), protocol::table_state::kCopied);
    transaction.commit();
}

Judgement Migration::set_verdict(pq::Connection &target, int table_id,
                                 const Evidence &evidence) const {
    const auto id = std::to_string(id_);
    const auto table_text = std::to_string(table_id);
    Transaction transaction(target);
    join_run(target);
    lock_table(target, id, table_text);
    const auto row = table(target, table_id);
    if (!row.source_rows || !row.source_digests)
        throw state_moved("table " + label(row), protocol::table_state::kCopied);
    const auto judgement = judge(*row.source_rows, *row.source_digests, row.lossy_rows, evidence);
    // Digests in other buckets than the source's are not stored: they prove nothing.
    const bool comparable = evidence.target_digests && evidence.target_rows &&
                            evidence.target_digests->size() == row.source_digests->size();
    target.query(
        "UPDATE custody.migration_table SET state = 'verified', target_rows = $3, "
        "target_digests = pg_catalog.decode($4, 'hex'), foreign_rows = $5, generated_wrong = $6, "
        "source_count = $7, verdict = $8, reason = $9, "
        "verified_at = pg_catalog.clock_timestamp() WHERE migration_id = $1 AND id = $2",
        id, table_text, param(evidence.target_rows),
        comparable ? pq::Param(hex(*evidence.target_digests)) : std::nullopt,
        param(evidence.foreign_rows), param(evidence.generated_wrong), param(evidence.source_count),
        judgement.verdict, param_or_null(judgement.reason));
    transaction.commit();
    return judgement;
}

std::vector<std::string> Migration::writers(pq::Connection &target, int table_id) const {
    const auto found =
        target.query("SELECT DISTINCT writer::pg_catalog.text FROM custody.migration_part "
                     "WHERE migration_id = $1 AND table_id = $2 AND writer IS NOT NULL",
                     std::to_string(id_), std::to_string(table_id));
    std::vector<std::string> writers;
    for (int i = 0; i < found.rows(); ++i)
        writers.push_back(found.str(i, 0));
    return writers;
}

} // namespace custody::state
