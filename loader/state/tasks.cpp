// Tasks of a migration: store, claim, settle, prove.
#include <algorithm>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/state/insert.hpp"
#include "loader/state/migration.hpp"
#include "loader/state/reader.hpp"
#include "loader/state/transaction.hpp"

namespace custody::state {
namespace {

constexpr auto kColumns =
    "id, kind, phase, position, object_type, object_schema, object_name, table_id, needs_rows, "
    "dump_id, depends, sql, state, sqlstate, message, detail, hint, attempts, writer, started_at, "
    "finished_at, note, source_rows, target_rows, source_value, target_value, verdict, reason, "
    "verified_at, snapshot";

// Tasks (as k) that may start now. A dependency that is not there is not done.
constexpr auto kReady =
    "k.state = 'pending' AND (NOT k.needs_rows OR EXISTS (SELECT FROM custody.migration_table t "
    "WHERE t.migration_id = k.migration_id AND t.id = k.table_id AND t.state <> 'pending')) "
    "AND NOT EXISTS (SELECT FROM pg_catalog.unnest(k.depends) AS d (id) "
    "LEFT JOIN custody.migration_task o ON o.migration_id = k.migration_id AND o.id = d.id "
    "WHERE o.state IS NULL OR o.state IN ('pending', 'failed'))";

TaskRow read_task(const Reader &r) {
    TaskRow row;
    row.id = r.number("id");
    row.kind = r.str("kind");
    row.phase = r.str("phase");
    row.position = r.number("position");
    row.object_type = r.str("object_type");
    row.object_schema = r.str("object_schema");
    row.object_name = r.str("object_name");
    row.table_id = r.maybe<int>("table_id");
    row.needs_rows = r.boolean("needs_rows");
    row.dump_id = r.maybe<int>("dump_id");
    row.depends = r.numbers("depends");
    row.sql = r.str("sql");
    row.state = r.str("state");
    row.sqlstate = r.str("sqlstate");
    row.message = r.str("message");
    row.detail = r.str("detail");
    row.hint = r.str("hint");
    row.attempts = r.number("attempts");
    row.writer = r.str("writer");
    row.started_at = r.str("started_at");
    row.finished_at = r.str("finished_at");
    row.note = r.str("note");
    row.source_rows = r.maybe<std::int64_t>("source_rows");
    row.target_rows = r.maybe<std::int64_t>("target_rows");
    row.source_value = r.str("source_value");
    row.target_value = r.str("target_value");
    row.verdict = r.str("verdict");
    row.reason = r.str("reason");
    row.verified_at = r.str("verified_at");
    row.snapshot = r.maybe<int>("snapshot");
    return row;
}

std::string label(int task_id) { return fmt::format("task {}", task_id); }

/// Claims the one task that `which` (a condition on k, with an order) picks.
std::optional<TaskRow> claim(pq::Connection &target, const std::string &which,
                             std::span<const pq::Param> params) {
    const auto found = target.query(
        fmt::format("WITH task AS MATERIALIZED (SELECT k.* FROM custody.migration_task k "
                    "WHERE k.migration_id = $1 AND {} AND {} LIMIT 1 "
                    "FOR NO KEY UPDATE OF k SKIP LOCKED) "
                    "SELECT {}, pg_catalog.pg_try_advisory_xact_lock({}, "
                    "custody.migration_lock_key(migration_id, 'task', id)) AS locked FROM task",
                    kReady, which, kColumns, protocol::kLockClass),
        params);
    if (found.rows() == 0)
        return std::nullopt;
    const Reader reader(found, 0);
    if (!reader.boolean("locked"))
        return std::nullopt;
    return read_task(reader);
}

Judgement judge_task(const std::string &kind, const TaskProof &proof) {
    const bool ahead = kind == "sequence" && proof.reason.starts_with(protocol::kAhead) &&
                       !proof.source_value.empty() && !proof.target_value.empty();
    if (proof.source_rows != proof.target_rows)
        return {std::string(protocol::verdict::kDifferent),
                fmt::format("source has {} rows, target {}", proof.source_rows.value_or(0),
                            proof.target_rows.value_or(0))};
    if (proof.source_value == proof.target_value || ahead)
        return {std::string(protocol::verdict::kEqual), proof.reason};
    return {std::string(protocol::verdict::kDifferent),
            proof.reason.empty() ? "source and target do not say the same" : proof.reason};
}

} // namespace

std::vector<int> Migration::add_tasks(pq::Connection &target,
                                      std::span<const TaskRow> tasks) const {
    const auto id = std::to_string(id_);
    Transaction transaction(target);
    // Task ids are given out per migration: one session at a time.
    target.query("SELECT FROM custody.migration WHERE id = $1 FOR NO KEY UPDATE", id);
    const auto highest = target.query(
        "SELECT coalesce(max(id), 0) FROM custody.migration_task WHERE migration_id = $1", id);
    int last = highest.number<int>(0, 0);
    for (const auto &task : tasks)
        last = std::max(last, task.id);
    std::vector<TaskRow> numbered(tasks.begin(), tasks.end());
    std::vector<int> ids;
    for (auto &task : numbered) {
        if (task.id == 0)
            task.id = ++last;
        ids.push_back(task.id);
    }
    insert_tasks(target, id_, numbered);
    transaction.commit();
    return ids;
}

std::vector<TaskRow> Migration::tasks(pq::Connection &target) const {
    const auto found = target.query(fmt::format("SELECT {} FROM custody.migration_task "
                                                "WHERE migration_id = $1 ORDER BY position, id",
                                                kColumns),
                                    std::to_string(id_));
    std::vector<TaskRow> rows;
    for (int i = 0; i < found.rows(); ++i)
        rows.push_back(read_task({found, i}));
    return rows;
}

TaskRow Migration::task(pq::Connection &target, int task_id) const {
    const auto found = target.query(
        fmt::format("SELECT {} FROM custody.migration_task WHERE migration_id = $1 AND id = $2",
                    kColumns),
        std::to_string(id_), std::to_string(task_id));
    if (found.rows() == 0)
        throw state_moved(label(task_id), "there");
    return read_task({found, 0});
}

std::optional<TaskRow> Migration::claim_task(pq::Connection &target, int task_id) const {
    join_run(target);
    const std::vector<pq::Param> params{std::to_string(id_), std::to_string(task_id)};
    return claim(target, "k.id = $2", params);
}

std::optional<TaskRow> Migration::claim_next_task(pq::Connection &target,
                                                  const std::string &phase) const {
    join_run(target);
    const std::vector<pq::Param> params{std::to_string(id_), phase};
    return claim(target, "k.phase = $2 ORDER BY k.position, k.id", params);
}

void Migration::finish_task(pq::Connection &target, int task_id, const std::string &note) const {
    const auto updated =
        target.query("UPDATE custody.migration_task SET state = 'done', attempts = attempts + 1, "
                     "writer = pg_catalog.pg_current_xact_id(), started_at = pg_catalog.now(), "
                     "finished_at = pg_catalog.clock_timestamp(), note = coalesce($3, note) "
                     "WHERE migration_id = $1 AND id = $2 AND state = 'pending'",
                     std::to_string(id_), std::to_string(task_id), param_or_null(note));
    if (updated.affected() == 0)
        throw state_moved(label(task_id), protocol::task_state::kPending);
}

void Migration::settle_task(pq::Connection &target, int task_id, std::string_view state,
                            const Failure &failure, const std::string &note) const {
    const auto updated = target.query(
        "UPDATE custody.migration_task SET state = $3, attempts = attempts + 1, sqlstate = $4, "
        "message = $5, detail = $6, hint = $7, note = coalesce($8, note), "
        "writer = pg_catalog.pg_current_xact_id(), started_at = pg_catalog.now(), "
        "finished_at = pg_catalog.clock_timestamp() "
        "WHERE migration_id = $1 AND id = $2 AND state = 'pending'",
        std::to_string(id_), std::to_string(task_id), std::string(state),
        param_or_null(failure.sqlstate), param_or_null(failure.message),
        param_or_null(failure.detail), param_or_null(failure.hint), param_or_null(note));
    if (updated.affected() == 0)
        throw state_moved(label(task_id), protocol::task_state::kPending);
}

Judgement Migration::prove_task(pq::Connection &target, int task_id, const TaskProof &proof) const {
    Transaction transaction(target);
    join_run(target);
    const auto judgement = judge_task(task(target, task_id).kind, proof);
    const auto updated = target.query(
        "UPDATE custody.migration_task SET source_value = $3, target_value = $4, "
        "source_rows = $5, target_rows = $6, verdict = $7, reason = $8, snapshot = $9, "
        "verified_at = pg_catalog.clock_timestamp() "
        "WHERE migration_id = $1 AND id = $2 AND state IN ('done', 'benign')",
        std::to_string(id_), std::to_string(task_id), proof.source_value, proof.target_value,
        param(proof.source_rows), param(proof.target_rows), judgement.verdict,
        param_or_null(judgement.reason), param(proof.snapshot));
    if (updated.affected() == 0)
        throw state_moved(label(task_id), protocol::task_state::kDone);
    transaction.commit();
    return judgement;
}

void Migration::leave_task_unverified(pq::Connection &target, int task_id,
                                      const std::string &why) const {
    Transaction transaction(target);
    join_run(target);
    const auto updated =
        target.query("UPDATE custody.migration_task SET source_value = NULL, target_value = NULL, "
                     "source_rows = NULL, target_rows = NULL, verdict = 'unverified', reason = $3, "
                     "verified_at = pg_catalog.clock_timestamp() "
                     "WHERE migration_id = $1 AND id = $2 AND state <> 'pending'",
                     std::to_string(id_), std::to_string(task_id), why);
    if (updated.affected() == 0)
        throw state_moved(label(task_id), protocol::task_state::kDone);
    transaction.commit();
}

void Migration::reset_task(pq::Connection &target, int task_id, const std::string &why) const {
    Transaction transaction(target);
    join_run(target);
    const auto updated = target.query(
        "UPDATE custody.migration_task SET state = 'pending', sqlstate = NULL, message = NULL, "
        "detail = NULL, hint = NULL, writer = NULL, started_at = NULL, finished_at = NULL, "
        "source_value = NULL, target_value = NULL, source_rows = NULL, target_rows = NULL, "
        "verdict = NULL, reason = NULL, verified_at = NULL, snapshot = NULL "
        "WHERE migration_id = $1 AND id = $2 AND state <> 'pending' "
        "RETURNING object_type, object_name",
        std::to_string(id_), std::to_string(task_id));
    if (updated.rows() == 1)
        log(target, "warning", updated.str(0, 0) + " " + updated.str(0, 1), "done again: " + why);
    transaction.commit();
}

void Migration::remove_task(pq::Connection &target, int task_id, const std::string &why) const {
    Transaction transaction(target);
    join_run(target);
    const auto removed = target.query("DELETE FROM custody.migration_task WHERE migration_id = $1 "
                                      "AND id = $2 RETURNING object_type, object_name",
                                      std::to_string(id_), std::to_string(task_id));
    if (removed.rows() == 1)
        log(target, "warning", removed.str(0, 0) + " " + removed.str(0, 1), "not moved: " + why);
    transaction.commit();
}

} // namespace custody::state
