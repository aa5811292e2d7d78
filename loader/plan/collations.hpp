// Collations of both servers: whether they sort alike. It decides where a partitioned target puts
// a row, and what the preflight says about indexes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "loader/plan/catalog.hpp"

namespace custody::plan {

inline constexpr Oid kDefaultCollation = 100;

struct Collation {
    std::string schema, name; // "default" for the database's own
    char provider = 'c';      // c = libc, i = ICU, b = built in
    std::string locale;
    std::string version; // of the library that sorts now; "" = none or unknown
    bool deterministic = true;
};

/// The database's own collation and the wanted ones, by OID; oid kDefaultCollation is the former.
std::map<Oid, Collation> read_collations(pq::Connection &connection, const std::set<Oid> &wanted);
/// The one of this name, if the server has it for the database's encoding.
std::optional<Collation> find_collation(pq::Connection &connection, const std::string &schema,
                                        const std::string &name);

/// True for C, POSIX, C.UTF-8 and the built-in provider: order of code points, everywhere.
bool sorts_by_code(const Collation &collation);
/// True only when both are known to sort alike.
bool sort_alike(const Collation &source, const Collation &target);

} // namespace custody::plan
