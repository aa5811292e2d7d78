#include "loader/plan/collations.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace custody::plan {
namespace {

std::string select_collations(int version) {
    const char *const locale = version >= 170000   ? "coalesce(colllocale, collcollate)"
                               : version >= 150000 ? "coalesce(colliculocale, collcollate)"
                                                   : "collcollate";
    return fmt::format("SELECT c.oid, n.nspname, c.collname, c.collprovider, {},"
                       " pg_collation_actual_version(c.oid), c.collisdeterministic"
                       " FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace",
                       locale);
}

// Before 15 every database sorts by libc, whose version any collation of that locale tells.
std::string select_default(int version) {
    if (version < 150000)
        return "SELECT 'c', d.datcollate, (SELECT pg_collation_actual_version(c.oid)"
               " FROM pg_collation c WHERE c.collprovider = 'c' AND c.collcollate = d.datcollate"
               " LIMIT 1) FROM pg_database d WHERE d.datname = current_database()";
    const char *const locale = version >= 170000 ? "datlocale" : "daticulocale";
    return fmt::format("SELECT datlocprovider, coalesce({}, datcollate),"
                       " pg_database_collation_actual_version(oid)"
                       " FROM pg_database WHERE datname = current_database()",
                       locale);
}

Collation read_row(const pq::Result &rows, int i) {
    Collation collation;
    collation.schema = rows.str(i, 1);
    collation.name = rows.str(i, 2);
    collation.provider = rows.text(i, 3).front();
    collation.locale = rows.str(i, 4);
    collation.version = rows.str(i, 5);
    collation.deterministic = rows.boolean(i, 6);
    return collation;
}

} // namespace

std::map<Oid, Collation> read_collations(pq::Connection &connection, const std::set<Oid> &wanted) {
    std::map<Oid, Collation> collations;
    const auto own = connection.exec(select_default(connection.server_version()));
    Collation &database = collations[kDefaultCollation];
    database.schema = "pg_catalog";
    database.name = "default";
    database.provider = own.text(0, 0).front();
    database.locale = own.str(0, 1);
    database.version = own.str(0, 2);
    const auto rows = connection.query(select_collations(connection.server_version()) +
                                           " WHERE c.oid = ANY ($1::oid[]) AND c.oid <> 100",
                                       oid_array(wanted));
    for (int i = 0; i < rows.rows(); ++i)
        collations.emplace(rows.number<Oid>(i, 0), read_row(rows, i));
    return collations;
}

std::optional<Collation> find_collation(pq::Connection &connection, const std::string &schema,
                                        const std::string &name) {
    const auto rows = connection.query(
        select_collations(connection.server_version()) +
            " WHERE n.nspname = $1 AND c.collname = $2 AND c.collencoding IN (-1, (SELECT encoding"
            " FROM pg_database WHERE datname = current_database()))",
        schema, name);
    if (rows.rows() == 0)
        return std::nullopt;
    return read_row(rows, 0);
}

bool sorts_by_code(const Collation &collation) {
    static constexpr std::array<std::string_view, 4> kLocales{"C", "POSIX", "C.UTF-8", "C.utf8"};
    if (collation.provider == 'b')
        return true;
    return collation.provider == 'c' &&
           std::find(kLocales.begin(), kLocales.end(), collation.locale) != kLocales.end();
}

bool sort_alike(const Collation &source, const Collation &target) {
    if (sorts_by_code(source) && sorts_by_code(target))
        return true;
    return source.provider == target.provider && source.locale == target.locale &&
           !source.version.empty() && source.version == target.version;
}

} // namespace custody::plan
