// Parts of a migration's tables: read, claim, finish.
#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/state/migration.hpp"
#include "loader/state/reader.hpp"

namespace custody::state {
namespace {

constexpr auto kColumns =
    "table_id, number, id, lower, upper, state, snapshot, rows, bytes, "
    "pg_catalog.encode(digests, 'hex') AS digests, lossy_rows, writer, started_at, finished_at";

PartRow read_part(const Reader &r) {
    PartRow row;
    row.table_id = r.number("table_id");
    row.number = r.number("number");
    row.id = r.number("id");
    row.lower = r.maybe<std::int64_t>("lower");
    row.upper = r.maybe<std::int64_t>("upper");
    row.state = r.str("state");
    row.snapshot = r.maybe<int>("snapshot");
    row.rows = r.number<std::int64_t>("rows");
    row.bytes = r.number<std::int64_t>("bytes");
    row.digests = r.digests("digests");
    row.lossy_rows = r.number<std::int64_t>("lossy_rows");
    row.writer = r.str("writer");
    row.started_at = r.str("started_at");
    row.finished_at = r.str("finished_at");
    return row;
}

std::vector<PartRow> read_parts(const pq::Result &found) {
    std::vector<PartRow> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back(read_part({found, i}));
    return rows;
}

std::string label(int table_id, int number) {
    return fmt::format("part {} of table {}", number, table_id);
}

} // namespace

std::vector<PartRow> Migration::parts(pq::Connection &target) const {
    return read_parts(target.query(fmt::format("SELECT {} FROM custody.migration_part "
                                               "WHERE migration_id = $1 ORDER BY table_id, number",
                                               kColumns),
                                   std::to_string(id_)));
}

std::vector<PartRow> Migration::parts(pq::Connection &target, int table_id) const {
    return read_parts(
        target.query(fmt::format("SELECT {} FROM custody.migration_part "
                                 "WHERE migration_id = $1 AND table_id = $2 ORDER BY number",
                                 kColumns),
                     std::to_string(id_), std::to_string(table_id)));
}

PartRow Migration::part(pq::Connection &target, int table_id, int number) const {
    const auto found =
        target.query(fmt::format("SELECT {} FROM custody.migration_part "
                                 "WHERE migration_id = $1 AND table_id = $2 AND number = $3",
                                 kColumns),
                     std::to_string(id_), std::to_string(table_id), std::to_string(number));
    if (found.rows() == 0)
        throw state_moved(label(table_id, number), "there");
    return read_part({found, 0});
}

std::optional<PartRow> Migration::claim_part(pq::Connection &target, int table_id,
                                             int number) const {
    join_run(target);
    // NO KEY: the foreign keys of neighbouring parts may look at the row meanwhile.
    const auto found = target.query(
        fmt::format("WITH part AS MATERIALIZED (SELECT * FROM custody.migration_part "
                    "WHERE migration_id = $1 AND table_id = $2 AND number = $3 "
                    "AND state = 'pending' FOR NO KEY UPDATE SKIP LOCKED) "
                    "SELECT {}, pg_catalog.pg_try_advisory_xact_lock({}, "
                    "custody.migration_lock_key(migration_id, 'part', id)) AS locked FROM part",
                    kColumns, protocol::kLockClass),
        std::to_string(id_), std::to_string(table_id), std::to_string(number));
    if (found.rows() == 0)
        return std::nullopt;
    const Reader reader(found, 0);
    if (!reader.boolean("locked"))
        return std::nullopt;
    return read_part(reader);
}

std::string Migration::finish_part(pq::Connection &target, const PartRow &part,
                                   const PartResult &result) const {
    const auto updated = target.query(
        "UPDATE custody.migration_part SET state = 'done', snapshot = $4, rows = $5, bytes = $6, "
        "digests = pg_catalog.decode($7, 'hex'), lossy_rows = $8, "
        "writer = pg_catalog.pg_current_xact_id(), started_at = pg_catalog.now(), "
        "finished_at = pg_catalog.clock_timestamp() WHERE migration_id = $1 AND table_id = $2 "
        "AND number = $3 AND state = 'pending' RETURNING writer",
        std::to_string(id_), std::to_string(part.table_id), std::to_string(part.number),
        std::to_string(result.snapshot), std::to_string(result.rows), std::to_string(result.bytes),
        hex(result.digests), std::to_string(result.lossy_rows));
    if (updated.rows() == 0)
        throw state_moved(label(part.table_id, part.number), protocol::part_state::kPending);
    return updated.str(0, 0);
}

} // namespace custody::state
