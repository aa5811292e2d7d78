#include "loader/audit/ledger_access.hpp"

#include <fmt/format.h>

#include "loader/pq/session.hpp"
#include "loader/state/handshake.hpp"

namespace custody::audit {
namespace {

void require_ledger(pq::Connection &connection, const LedgerDuty &needed) {
    state::handshake(connection, needed.duty);
    // Not by to_regclass(), which fails for a role without USAGE on the schema.
    const auto found = connection.query(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = 'custody_ledger' AND c.relname = 'ledger'), "
        "pg_catalog.has_function_privilege($1, 'EXECUTE'), current_user, "
        "pg_catalog.quote_literal(current_user)",
        needed.function);
    if (!found.boolean(0, 0))
        throw Error(Exit::refused, "ledger-missing", "the database has no audit ledger",
                    "database " + connection.description(), "custody.init_ledger() makes one");
    if (!found.boolean(0, 1))
        throw Error(Exit::refused, "ledger-duty-missing",
                    fmt::format("role {} lacks the duty {}", found.text(0, 2), needed.duty),
                    "it may not call " + needed.function,
                    fmt::format("let the extension's owner run SELECT custody.grant_duty({}, '{}') "
                                "in that database, or connect as a role that has it",
                                found.text(0, 3), needed.duty));
}

} // namespace

pq::Connection open_ledger(const std::string &conninfo, const char *command,
                           const LedgerDuty &needed) {
    auto connection = pq::Connection::open(conninfo, command, "target");
    require_ledger(connection, needed);
    pq::pin(connection);
    connection.exec("set default_transaction_read_only = off");
    return connection;
}

} // namespace custody::audit
