// Migrations as a whole: create, find, finish, remove; snapshots and the log.
#include "loader/state/migration.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/state/insert.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/reader.hpp"
#include "loader/state/transaction.hpp"

namespace custody::state {
namespace {

constexpr auto kMigrationColumns =
    "id, name, state, source, source_identity, source_version, target_version, loader_version, "
    "options, plan, findings, report, created_at, finished_at";

MigrationRow read_migration(const Reader &r) {
    MigrationRow row;
    row.id = r.number<std::int64_t>("id");
    row.name = r.str("name");
    row.state = r.str("state");
    row.source = r.str("source");
    row.source_identity = r.str("source_identity");
    row.source_version = r.number("source_version");
    row.target_version = r.number("target_version");
    row.loader_version = r.str("loader_version");
    row.options = r.str("options");
    row.plan = r.str("plan");
    row.findings = r.str("findings");
    row.report = r.str("report");
    row.created_at = r.str("created_at");
    row.finished_at = r.str("finished_at");
    return row;
}

std::int64_t insert_migration(pq::Connection &target, const MigrationRow &row) {
    try {
        const auto inserted = target.query(
            "INSERT INTO custody.migration (name, source, source_identity, source_version, "
            "target_version, loader_version, protocol, options, plan, findings) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            row.name, row.source, row.source_identity, std::to_string(row.source_version),
            std::to_string(target.server_version()), row.loader_version,
            std::to_string(protocol::kProtocol), row.options, row.plan, row.findings);
        return inserted.number<std::int64_t>(0, 0);
    } catch (const pq::SqlError &error) {
        const std::string_view message = error.what();
        if (error.sqlstate() != "23505" ||
            message.find("migration_one_unfinished") == std::string_view::npos)
            throw;
        throw Error(Exit::refused, "migration-exists",
                    "an unfinished migration \"" + row.name + "\" exists already", error.detail(),
                    "resume it with \"custody run\", or drop it with "
                    "\"custody abandon\"");
    }
}

std::int64_t create_once(pq::Connection &target, const MigrationRow &row,
                         std::span<const plan::Table> tables) {
    Transaction transaction(target);
    const auto id = insert_migration(target, row);
    insert_tables(target, id, tables);
    // Before it becomes visible, so that nobody else can take it up first.
    if (const auto holder = lock_run(target, id, std::chrono::milliseconds(0)))
        throw run_in_progress(row.name, *holder);
    try {
        transaction.commit();
    } catch (...) {
        if (target.alive())
            unlock_run(target, id); // a session lock outlives a rollback
        throw;
    }
    return id;
}

} // namespace

Migration Migration::create(pq::Connection &target, const MigrationRow &row,
                            std::span<const plan::Table> tables) {
    const bool joins = target.in_transaction();
    for (int attempt = 1;; ++attempt) {
        try {
            return {create_once(target, row, tables), row.name};
        } catch (const pq::SqlError &error) {
            // Its lock keys would be those of another unfinished one: the next id is free.
            const std::string_view message = error.what();
            if (joins || attempt == protocol::kLockMigrations || error.sqlstate() != "23505" ||
                message.find("migration_lock_group") == std::string_view::npos)
                throw;
        }
    }
}

std::optional<Migration> Migration::find_open(pq::Connection &target, const std::string &name) {
    const auto found = target.query("SELECT id FROM custody.migration WHERE name = $1 "
                                    "AND state IN ('open', 'partial')",
                                    name);
    if (found.rows() == 0)
        return std::nullopt;
    return Migration(found.number<std::int64_t>(0, 0), name);
}

std::optional<Migration> Migration::find_latest(pq::Connection &target, const std::string &name) {
    const auto found = target.query(
        "SELECT id FROM custody.migration WHERE name = $1 ORDER BY id DESC LIMIT 1", name);
    if (found.rows() == 0)
        return std::nullopt;
    return Migration(found.number<std::int64_t>(0, 0), name);
}

std::vector<MigrationRow> Migration::list(pq::Connection &target) {
    const auto found = target.exec(
        fmt::format("SELECT {} FROM custody.migration ORDER BY id DESC", kMigrationColumns));
    std::vector<MigrationRow> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back(read_migration({found, i}));
    return rows;
}

Migration Migration::under(int snapshot) const {
    Migration same = *this;
    same.snapshot_ = snapshot;
    return same;
}

void Migration::join_run(pq::Connection &target) const {
    if (snapshot_ == 0)
        return;
    // Two statements: the second one sees what was committed before the lock was had.
    const auto ours = target.exec(fmt::format(
        "SELECT pg_catalog.pg_advisory_xact_lock_shared({}, {}); SELECT FROM "
        "custody.migration_snapshot WHERE migration_id = {} AND number = {} AND lost_at IS NULL",
        protocol::kLockClass,
        protocol::lock_key(id_, protocol::LockKind::run, protocol::kRunMember), id_, snapshot_));
    if (ours.rows() == 0)
        throw Error(Exit::partial, "run-taken-over",
                    "another run has taken over migration \"" + name_ + "\"",
                    fmt::format("snapshot {} of this run is marked as lost", snapshot_),
                    "let the other run end; custody status shows it");
}

MigrationRow Migration::row(pq::Connection &target) const {
    const auto found = target.query(
        fmt::format("SELECT {} FROM custody.migration WHERE id = $1", kMigrationColumns),
        std::to_string(id_));
    if (found.rows() == 0)
        throw state_moved("migration \"" + name_ + "\"", "there");
    return read_migration({found, 0});
}

void Migration::reopen(pq::Connection &target) const {
    target.query("UPDATE custody.migration SET state = 'open', finished_at = NULL "
                 "WHERE id = $1 AND state <> 'open'",
                 std::to_string(id_));
}

void Migration::set_findings(pq::Connection &target, const std::string &json) const {
    target.query("UPDATE custody.migration SET findings = $2 WHERE id = $1", std::to_string(id_),
                 json);
}

void Migration::finish(pq::Connection &target, std::string_view state,
                       const std::string &report) const {
    Transaction transaction(target);
    join_run(target);
    const auto updated =
        target.query("UPDATE custody.migration SET state = $2, report = coalesce($3, report), "
                     "finished_at = CASE WHEN $2 IN ('done', 'unverified') "
                     "THEN pg_catalog.clock_timestamp() END WHERE id = $1",
                     std::to_string(id_), std::string(state), param_or_null(report));
    if (updated.affected() == 0)
        throw state_moved("migration \"" + name_ + "\"", "there");
    transaction.commit();
}

std::vector<Unproven> Migration::unproven(pq::Connection &target) const {
    const auto found = target.query("SELECT object_type, object, reason "
                                    "FROM custody.migration_unproven($1) ORDER BY 1, 2",
                                    std::to_string(id_));
    std::vector<Unproven> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back({found.str(i, 0), found.str(i, 1), found.str(i, 2)});
    return rows;
}

void Migration::remove(pq::Connection &target) const {
    target.query("DELETE FROM custody.migration WHERE id = $1", std::to_string(id_));
}

void Migration::log(pq::Connection &target, const std::string &severity, const std::string &object,
                    const std::string &message) const {
    target.query("INSERT INTO custody.migration_log (migration_id, severity, object, message) "
                 "VALUES ($1, $2, $3, $4)",
                 std::to_string(id_), severity, object, message);
}

std::vector<LogRow> Migration::log_rows(pq::Connection &target) const {
    const auto found = target.query("SELECT at, severity, object, message "
                                    "FROM custody.migration_log WHERE migration_id = $1 "
                                    "ORDER BY id",
                                    std::to_string(id_));
    std::vector<LogRow> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back({found.str(i, 0), found.str(i, 1), found.str(i, 2), found.str(i, 3)});
    return rows;
}

int Migration::add_snapshot(pq::Connection &target, const SnapshotRow &snapshot) const {
    const auto added = target.query(
        "INSERT INTO custody.migration_snapshot (migration_id, number, name, system_identifier, "
        "lsn, xmin_xmax, taken_at, locked_at) SELECT $1::pg_catalog.int8, coalesce($2, (SELECT "
        "coalesce(max(s.number), 0) + 1 FROM custody.migration_snapshot s "
        "WHERE s.migration_id = $1)), $3, $4, $5, $6, coalesce($7, pg_catalog.now()), "
        "coalesce($8, pg_catalog.clock_timestamp()) RETURNING number",
        std::to_string(id_),
        snapshot.number == 0 ? std::nullopt : pq::Param(std::to_string(snapshot.number)),
        snapshot.name, snapshot.system_identifier, snapshot.lsn, snapshot.xmin_xmax,
        param_or_null(snapshot.taken_at), param_or_null(snapshot.locked_at));
    return added.number<int>(0, 0);
}

void Migration::rename_snapshot(pq::Connection &target, int number, const std::string &name) const {
    target.query("UPDATE custody.migration_snapshot SET name = $3 "
                 "WHERE migration_id = $1 AND number = $2",
                 std::to_string(id_), std::to_string(number), name);
}

void Migration::lose_snapshot(pq::Connection &target, int number) const {
    target.query("UPDATE custody.migration_snapshot SET lost_at = pg_catalog.clock_timestamp() "
                 "WHERE migration_id = $1 AND number = $2 AND lost_at IS NULL",
                 std::to_string(id_), std::to_string(number));
}

std::vector<SnapshotRow> Migration::snapshots(pq::Connection &target) const {
    const auto found = target.query(
        "SELECT number, name, system_identifier, lsn, xmin_xmax, taken_at, locked_at, lost_at "
        "FROM custody.migration_snapshot WHERE migration_id = $1 ORDER BY number",
        std::to_string(id_));
    std::vector<SnapshotRow> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back({found.number<int>(i, 0), found.str(i, 1), found.str(i, 2), found.str(i, 3),
                        found.str(i, 4), found.str(i, 5), found.str(i, 6), found.str(i, 7)});
    return rows;
}

} // namespace custody::state
