#include "loader/repair/apply.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/retry.hpp"
#include "loader/core/signals.hpp"
#include "loader/repair/statement.hpp"

namespace custody::repair {
namespace {

constexpr int kVersion14 = 140000;
// The tables that the session has written in this transaction (or one that it has just ended), and
// what they are partitions of.
constexpr const char *kWritten =
    "SELECT n.nspname, r.relname FROM pg_catalog.pg_class c CROSS JOIN LATERAL "
    "(SELECT c.oid AS relid UNION SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid)) a "
    "JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) a.relid "
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace "
    "WHERE c.relkind OPERATOR(pg_catalog.=) 'r' "
    "AND (pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) OPERATOR(pg_catalog.>) 0 "
    "OR pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) OPERATOR(pg_catalog.>) 0 "
    "OR pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) OPERATOR(pg_catalog.>) 0)";
constexpr int kAttempts = 4; // of a batch that meets a deadlock or a serialization failure

/// The row is not what it was: no error of the server.
class RowChanged : public Error {
  public:
    RowChanged(std::int64_t touched, std::uint64_t expected)
        : Error(Exit::partial, "row-changed",
                "the row is not what it was when it was compared, or a trigger, rule or row "
                "security is in the way",
                fmt::format("{} rows touched, {} expected", touched, expected),
                "run custody repair again") {}
};

bool is_conflict(const Error &error) {
    const auto *server = dynamic_cast<const pq::SqlError *>(&error);
    return server != nullptr && (server->sqlstate() == "40001" || server->sqlstate() == "40P01");
}

std::string sqlstate_of(const Error &error) {
    const auto *server = dynamic_cast<const pq::SqlError *>(&error);
    return server != nullptr ? server->sqlstate() : "";
}

void require_connection(const Error &error) {
    throw_if_stopped();
    const auto *server = dynamic_cast<const pq::SqlError *>(&error);
    if (server != nullptr && (server->connection_lost() || server->retryable()))
        throw; // the error that is being handled
}

} // namespace

Applier::Applier(const std::string &target_conninfo, const Schema &schema, std::uint64_t batch_rows)
    : connection_(pq::Connection::open(target_conninfo, "custody repair", "target")),
      schema_(schema), batch_rows_(batch_rows) {
    connection_.exec(std::string(session_settings()) +
                     "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;"
                     "SET default_transaction_isolation = 'read committed'");
    // The backend of a repair that was killed ends, whatever it runs.
    if (connection_.server_version() >= kVersion14)
        connection_.exec(
            "SET client_connection_check_interval = '1s'; SET idle_session_timeout = 0");
    counted_ = connection_.exec("SHOW track_counts").text(0, 0) == "on";
    lock();
}

void Applier::lock() {
    const auto sql =
        fmt::format("SELECT pg_catalog.pg_try_advisory_lock({}, 0)", protocol::kRepairLockClass);
    Backoff pause;
    while (!connection_.exec(sql).boolean(0, 0)) {
        if (pause.wait())
            continue;
        throw_if_stopped();
        throw Error(Exit::refused, "repair-running",
                    "another custody repair applies its changes to this target", "",
                    "wait until it has ended");
    }
}

void Applier::rollback() {
    if (connection_.in_transaction())
        connection_.exec("ROLLBACK");
}

void Applier::note_written() {
    if (!counted_)
        return;
    const auto found = connection_.exec(kWritten);
    for (int row = 0; row < found.rows(); ++row)
        written_.emplace(found.str(row, 0), found.str(row, 1));
}

bool Applier::wrote(const std::string &schema, const std::string &name) const {
    return !counted_ || written_.contains({schema, name});
}

bool Applier::is_there_already(const Change &change) {
    if (change.action == Action::erase || schema_.tables[change.table].key.empty())
        return false;
    const auto query = wanted_query(schema_, change);
    return connection_.query(query.sql, std::span<const pq::Param>(query.parameters))
               .number(0, 0) == 1;
}

void Applier::execute(const Change &change, Done &done) {
    current_ = &change;
    if (const auto lock = lock_of(schema_, change, Style::parameters))
        connection_.query(lock->sql, std::span<const pq::Param>(lock->parameters));
    const auto statement = statement_of(schema_, change, Style::parameters);
    const auto touched =
        connection_.query(statement.sql, std::span<const pq::Param>(statement.parameters))
            .affected();
    if (static_cast<std::uint64_t>(touched) == change.count) {
        done.rows.add(change);
        ++done.statements;
    } else if (touched == 0 && is_there_already(change)) {
        ++done.already;
    } else {
        throw RowChanged(touched, change.count);
    }
}

void Applier::execute(const Unit &unit, Done &done) {
    for (const auto &name : unit.deferred)
        connection_.exec(fmt::format("SET CONSTRAINTS {} DEFERRED", name));
    for (const auto &change : unit.changes)
        execute(change, done);
    for (const auto &name : unit.deferred)
        connection_.exec(fmt::format("SET CONSTRAINTS {} IMMEDIATE", name));
}

void Applier::try_batch(std::span<const Unit> batch, Result &result) {
    Done done;
    connection_.exec("BEGIN");
    for (const auto &unit : batch) {
        throw_if_stopped();
        execute(unit, done);
        failpoint("repair.after_unit");
    }
    failpoint("repair.before_commit");
    current_ = batch.size() == 1 ? &batch.front().changes.back() : nullptr;
    connection_.exec("SET CONSTRAINTS ALL IMMEDIATE"); // fires the triggers that wait for the end
    note_written();
    connection_.exec("COMMIT");
    failpoint("repair.after_commit");
    result.applied.inserts += done.rows.inserts;
    result.applied.updates += done.rows.updates;
    result.applied.deletes += done.rows.deletes;
    result.statements += done.statements;
    result.already += done.already;
    ++result.batches;
}

void Applier::apply_batch(std::span<const Unit> batch, Result &result) {
    Backoff pause(kAttempts);
    for (;;) {
        try {
            return try_batch(batch, result);
        } catch (const Error &error) {
            require_connection(error);
            rollback();
            if (is_conflict(error) && pause.wait())
                continue;
            if (batch.size() == 1) {
                const auto &change = current_ != nullptr ? *current_ : batch.front().changes.back();
                failed_.push_back(
                    {&batch.front(),
                     {std::string(action_name(change.action)), describe(schema_, change),
                      sqlstate_of(error), error.what(), error.detail()}});
                return;
            }
            log::debug("a batch failed and is tried again row by row: {}", error.what());
            break;
        }
    }
    for (const auto &unit : batch)
        apply_batch({&unit, 1}, result);
}

void Applier::apply(const std::vector<Unit> &units, Result &result) {
    for (std::size_t first = 0; first < units.size();) {
        throw_if_stopped();
        const auto batch = next_batch(units, first, batch_rows_);
        apply_batch(batch, result);
        first += batch.size();
    }
    // Class 23: an integrity constraint, which a later change may have made way for.
    for (bool progress = true; progress && !failed_.empty();) {
        const auto before = std::exchange(failed_, {});
        for (const auto &failed : before)
            if (failed.failure.sqlstate.starts_with("23"))
                apply_batch({failed.unit, 1}, result);
            else
                failed_.push_back(failed);
        progress = failed_.size() < before.size();
    }
    for (auto &failed : failed_) {
        ++result.failed;
        if (result.failures.size() < kShownFailures)
            result.failures.push_back(std::move(failed.failure));
    }
    failed_.clear();
}

} // namespace custody::repair
