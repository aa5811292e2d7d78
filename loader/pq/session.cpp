#include "loader/pq/session.hpp"

#include <fmt/format.h>

namespace custody::pq {
namespace {

constexpr int kVersion14 = 140000;
constexpr int kVersion17 = 170000;

std::string common_settings(int server_version) {
    std::string sql = "set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres';"
                      "set timezone = 'UTC'; set extra_float_digits = 3;"
                      "set bytea_output = 'hex'; set xmlbinary = 'base64'; set array_nulls = on;"
                      "set xmloption = 'content'; set lc_monetary = 'C';"
                      "set search_path = ''; set row_security = off;"
                      "set client_encoding = 'UTF8'; set quote_all_identifiers = off;"
                      "set synchronize_seqscans = off; set statement_timeout = 0;"
                      "set lock_timeout = 0; set idle_in_transaction_session_timeout = 0;"
                      "set default_transaction_isolation = 'read committed';"
                      "set default_transaction_deferrable = off; set jit = off;"
                      "set standard_conforming_strings = on;"
                      // nobody reads notices, and one in mid-COPY looks like a failure
                      "set client_min_messages = 'error';"
                      // a dead peer is noticed although no data flows
                      "set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10;"
                      "set tcp_keepalives_count = 6;";
    if (server_version >= kVersion14)
        sql += "set idle_session_timeout = 0;";
    if (server_version >= kVersion17)
        sql += "set transaction_timeout = 0;";
    return sql;
}

} // namespace

void pin(Connection &connection) { connection.exec(common_settings(connection.server_version())); }

void pin_target(Connection &connection) {
    // A commit that a crash of the server loses takes its state row along; the last commit of a
    // run is synchronous and makes all of them durable.
    std::string sql = common_settings(connection.server_version()) +
                      "set default_transaction_read_only = off; set synchronous_commit = off;"
                      "set maintenance_work_mem = '256MB'; set check_function_bodies = off;";
    // The backend of a loader that was killed ends, whatever it runs.
    if (connection.server_version() >= kVersion14)
        sql += "set client_connection_check_interval = '1s';";
    connection.exec(sql);
    try {
        connection.exec("set session_replication_role = replica");
    } catch (const SqlError &error) {
        if (error.sqlstate() != "42501")
            throw;
        throw Error(Exit::refused, "replica-role-denied",
                    "the target role may not set session_replication_role", error.what(),
                    "use a superuser on the target, or from PostgreSQL 15 on: grant set on "
                    "parameter session_replication_role to the role; without it the target's "
                    "triggers would change the rows that are copied");
    }
}

} // namespace custody::pq
