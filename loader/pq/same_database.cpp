#include "loader/pq/same_database.hpp"

#include <random>

#include <fmt/format.h>

#include "loader/core/error.hpp"

namespace custody::pq {

bool same_database(Connection &one, Connection &other) {
    std::random_device random;
    const auto key = static_cast<std::int32_t>(random());
    const auto number = static_cast<std::int32_t>(random());
    const bool own = !one.in_transaction();
    if (own)
        one.exec("BEGIN READ ONLY");
    one.exec(fmt::format("SELECT pg_catalog.pg_advisory_xact_lock({}, {})", key, number));
    const auto seen = other.query(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory'"
        " AND classid = $1::pg_catalog.int8 AND objid = $2::pg_catalog.int8 AND objsubid = 2"
        " AND database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database()))",
        std::to_string(static_cast<std::uint32_t>(key)),
        std::to_string(static_cast<std::uint32_t>(number)));
    if (own)
        one.exec("ROLLBACK");
    return seen.boolean(0, 0);
}

void require_two_databases(Connection &source, Connection &target) {
    if (same_database(source, target))
        throw Error(Exit::refused, "compared-with-itself",
                    "source and target are the same database",
                    fmt::format("a lock taken through {} is visible through {}",
                                source.description(), target.description()),
                    "check the two connection strings");
}

} // namespace custody::pq
