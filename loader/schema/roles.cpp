#include <map>
#include <set>

#include <fmt/format.h>

#include "loader/schema/schema.hpp"

namespace custody::schema {
namespace {

// Owners that are the bootstrap superuser leave no row in pg_shdepend. Parameters: owners, grants.
constexpr const char *kNamed = R"(
WITH RECURSIVE here AS (
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
), named AS (
    SELECT d.refobjid AS role FROM pg_catalog.pg_shdepend d, here
    WHERE d.dbid = here.oid AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND CASE WHEN d.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass THEN $2
               WHEN d.deptype = 'o' THEN $1 WHEN d.deptype IN ('a', 'i') THEN $2
               ELSE d.deptype = 'r' END
    UNION SELECT d.refobjid FROM pg_catalog.pg_shdepend d, here
          WHERE $2 AND d.deptype = 'a' AND d.dbid = 0 AND d.objid = here.oid
            AND d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    UNION SELECT s.setrole FROM pg_catalog.pg_db_role_setting s, here
          WHERE s.setdatabase = here.oid AND s.setrole <> 0
    UNION SELECT 10 WHERE $1 AND (
          EXISTS (SELECT FROM pg_catalog.pg_class WHERE relowner = 10 AND oid >= 16384)
          OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proowner = 10 AND oid >= 16384)
          OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typowner = 10 AND oid >= 16384)
          OR EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspowner = 10 AND oid >= 16384))
), needed AS (
    SELECT role FROM named
    UNION SELECT m.roleid FROM needed n JOIN pg_catalog.pg_auth_members m ON m.member = n.role
)
SELECT r.oid, r.rolname, r.rolcanlogin, r.rolinherit, r.rolconnlimit, r.rolvaliduntil,
       r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
       r.rolname LIKE 'pg\_%',
       (SELECT pg_catalog.array_agg('SET ' || pg_catalog.split_part(c, '=', 1))
        FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c
        WHERE s.setdatabase = 0 AND s.setrole = r.oid)
FROM needed n JOIN pg_catalog.pg_roles r ON r.oid = n.role
ORDER BY r.rolname COLLATE "C")";

constexpr const char *kMembers = R"(
SELECT member, p.rolname, pg_catalog.bool_or(m.admin_option)
FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles p ON p.oid = m.roleid
GROUP BY member, p.rolname ORDER BY p.rolname COLLATE "C")";

std::set<std::string> role_names(pq::Connection &connection, const char *condition) {
    const auto result =
        connection.exec(fmt::format("SELECT rolname FROM pg_catalog.pg_roles {}", condition));
    std::set<std::string> names;
    for (int row = 0; row < result.rows(); ++row)
        names.insert(result.str(row, 0));
    return names;
}

std::vector<std::string> dropped_attributes(const pq::Result &result, int row) {
    const char *const names[] = {"SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"};
    std::vector<std::string> dropped;
    for (int i = 0; i < 5; ++i)
        if (result.boolean(row, 6 + i))
            dropped.emplace_back(names[i]);
    if (!result.is_null(row, 12))
        for (auto &setting : pq::parse_array(result.text(row, 12)))
            dropped.push_back(std::move(setting));
    return dropped;
}

std::string joined(const std::vector<std::string> &words) {
    std::string text;
    for (const auto &word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string create_statement(pq::Connection &target, const Role &role) {
    auto sql = fmt::format("CREATE ROLE {} NOSUPERUSER NOCREATEROLE NOCREATEDB {} {} "
                           "CONNECTION LIMIT {}",
                           target.identifier(role.name), role.login ? "LOGIN" : "NOLOGIN",
                           role.inherit ? "INHERIT" : "NOINHERIT", role.connection_limit);
    if (!role.valid_until.empty())
        sql += " VALID UNTIL " + target.literal(role.valid_until);
    return sql;
}

plan::Finding without_attributes(const Role &role) {
    return {"role-without-attributes", plan::Severity::warning, "role " + role.name,
            fmt::format("created without what it has on the source: {}", joined(role.dropped)),
            "give it what it needs with ALTER ROLE"};
}

plan::Finding without_membership(const Role &role, const std::string &parent) {
    return {"role-without-membership", plan::Severity::warning, "role " + role.name,
            fmt::format("not made a member of \"{}\", which exists on the target with rights of "
                        "its own",
                        parent),
            fmt::format("GRANT {} TO {}, if that is meant", pq::quote_identifier(parent),
                        pq::quote_identifier(role.name))};
}

} // namespace

std::vector<Role> missing_roles(pq::Connection &source, pq::Connection &target,
                                const cli::Options &options) {
    const auto there = role_names(target, "");
    const auto flag = [](bool on) { return std::string(on ? "t" : "f"); };
    const auto named = source.query(kNamed, flag(!options.no_owner), flag(!options.no_privileges));
    const auto members = source.exec(kMembers);
    std::vector<Role> roles;
    for (int row = 0; row < named.rows(); ++row) {
        if (named.boolean(row, 11) || there.contains(named.str(row, 1)))
            continue;
        Role role;
        role.name = named.str(row, 1);
        role.login = named.boolean(row, 2);
        role.inherit = named.boolean(row, 3);
        role.connection_limit = named.number<int>(row, 4);
        role.valid_until = named.str(row, 5);
        role.dropped = dropped_attributes(named, row);
        for (int at = 0; at < members.rows(); ++at)
            if (members.text(at, 0) == named.text(row, 0))
                (members.boolean(at, 2) ? role.member_of_admin : role.member_of)
                    .push_back(members.str(at, 1));
        roles.push_back(std::move(role));
    }
    return roles;
}

std::vector<plan::Finding> create_roles(pq::Connection &target, const std::vector<Role> &roles) {
    // Membership in a role that may do more than the ones made here is not given away.
    const auto powerful =
        role_names(target, "WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR "
                           "rolbypassrls OR rolname LIKE 'pg\\_%'");
    std::vector<plan::Finding> findings;
    for (const auto &role : roles) {
        target.exec(create_statement(target, role));
        if (!role.dropped.empty())
            findings.push_back(without_attributes(role));
    }
    for (const auto &role : roles) {
        const auto grant = [&](const std::string &parent, const char *option) {
            if (powerful.contains(parent))
                findings.push_back(without_membership(role, parent));
            else
                target.exec(fmt::format("GRANT {} TO {}{}", target.identifier(parent),
                                        target.identifier(role.name), option));
        };
        for (const auto &parent : role.member_of)
            grant(parent, "");
        for (const auto &parent : role.member_of_admin)
            grant(parent, " WITH ADMIN OPTION");
    }
    return findings;
}

} // namespace custody::schema
