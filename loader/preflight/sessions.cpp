// What stands between the loader and the servers, and how many sessions they allow.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

constexpr int kSpareSessions = 3; // state, snapshot holder, pg_dump

std::string backend(pq::Connection &connection) {
    return connection.exec("SELECT pg_backend_pid()").str(0, 0);
}

enum class Between { nothing, session_pooler, transaction_pooler };

// A pooler in transaction mode gives the server session that has just become free to whoever asks
// next. While the other client holds it in a transaction, the first one must get another.
Between look(pq::Connection &connection, const std::string &conninfo) {
    constexpr int kTries = 3;
    const std::string mine = backend(connection);
    try {
        auto other = pq::Connection::open(conninfo, "custody preflight");
        for (int i = 0; i < kTries; ++i) {
            other.exec("BEGIN");
            const std::string theirs = backend(other);
            const std::string now = backend(connection);
            other.exec("ROLLBACK");
            if (theirs == mine || now != mine)
                return Between::transaction_pooler;
        }
    } catch (const pq::SqlError &) {
        // No second connection: the budget's finding says so.
    }
    // The process that a pooler names is its own invention.
    return mine == std::to_string(connection.backend_pid()) ? Between::nothing
                                                            : Between::session_pooler;
}

void check_pooler(Context &context, const char *side, pq::Connection &connection,
                  const std::string &conninfo) {
    switch (look(connection, conninfo)) {
    case Between::transaction_pooler:
        context.add(
            "pooler-transaction-mode", side,
            fmt::format("two clients of {} share one server session", connection.description()));
        break;
    case Between::session_pooler:
        context.add("pooler", side,
                    fmt::format("the server session of {} is not the one that answered the login",
                                connection.description()));
        break;
    case Between::nothing:
        break;
    }
}

void check_timeouts(Context &context, const char *side, pq::Connection &connection) {
    // reset_val: what the role, the database or the server sets; the session itself is pinned.
    const auto rows = connection.exec(
        "SELECT name, reset_val, coalesce(unit, '') FROM pg_settings WHERE name IN"
        " ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout',"
        " 'idle_session_timeout', 'transaction_timeout') AND reset_val <> '0' ORDER BY name");
    for (int i = 0; i < rows.rows(); ++i)
        context.add("timeout-overridden", side,
                    fmt::format("{} is {} {}", rows.text(i, 0), rows.text(i, 1), rows.text(i, 2)));
}

// Free sessions for this role: of the server, the database and the role; the least counts. The
// run's own are not counted, as they are among those that it needs.
constexpr const char *kBudget = R"(
WITH mine AS (SELECT * FROM pg_roles WHERE rolname = current_user),
     used AS (SELECT count(*) AS server,
                     count(*) FILTER (WHERE datname = current_database()) AS database,
                     count(*) FILTER (WHERE usename = current_user) AS role
                FROM pg_stat_activity WHERE backend_type = 'client backend'
                 AND NOT (application_name LIKE 'custody%' AND usename = current_user))
SELECT what, allowed, used FROM (
  SELECT 'max_connections', current_setting('max_connections')::int - CASE WHEN rolsuper THEN 0
         ELSE current_setting('superuser_reserved_connections')::int
              + coalesce(current_setting('reserved_connections', true)::int, 0) END, server
    FROM mine, used
  UNION ALL
  SELECT 'the limit of database ' || datname, datconnlimit, database FROM pg_database, used, mine
   WHERE datname = current_database() AND datconnlimit >= 0 AND NOT rolsuper
  UNION ALL
  SELECT 'the limit of role ' || rolname, rolconnlimit, role FROM mine, used
   WHERE rolconnlimit >= 0 AND NOT rolsuper) b (what, allowed, used)
 ORDER BY allowed - used LIMIT 1)";

void check_sessions(Context &context, const char *side, pq::Connection &connection, int needed) {
    const auto row = connection.exec(kBudget);
    const int allowed = row.number<int>(0, 1);
    const int used = row.number<int>(0, 2);
    if (needed > allowed - used)
        context.add("connection-budget", side,
                    fmt::format("{} allows {}, {} are in use, the run needs {}", row.text(0, 0),
                                allowed, used, needed));
}

} // namespace

void check_poolers(Context &context) {
    check_pooler(context, "source", context.source, context.options.source);
    check_pooler(context, "target", context.target, context.options.target);
}

void check_budget(Context &context) {
    check_timeouts(context, "source", context.source);
    check_timeouts(context, "target", context.target);
    const int workers = std::max(context.options.jobs, context.options.index_jobs);
    check_sessions(context, "source", context.source, context.options.jobs + kSpareSessions);
    check_sessions(context, "target", context.target, workers + kSpareSessions);
}

// Known only where the server's data directory is a directory of this machine.
void check_room(Context &context) {
    const char *const host = PQhost(context.target.raw());
    if (host == nullptr || host[0] != '/')
        return;
    const auto row =
        context.target.exec("SELECT setting FROM pg_settings WHERE name = 'data_directory'");
    if (row.rows() == 0)
        return; // the role may not see it
    std::error_code error;
    const auto space = std::filesystem::space(row.str(0, 0), error);
    if (error)
        return;
    std::int64_t bytes = 0;
    for (const auto &table : context.plan.tables)
        bytes += table.bytes;
    const auto available = static_cast<std::int64_t>(space.available);
    if (available < bytes)
        context.add("disk-room", "target",
                    fmt::format("{} has {} MB free, the rows take {} MB on the source and indexes "
                                "and WAL come on top",
                                row.text(0, 0), available >> 20, bytes >> 20));
}

} // namespace custody::preflight
