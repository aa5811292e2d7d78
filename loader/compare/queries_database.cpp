// The database itself, its settings, the roles that have to do with it, extensions, and the
// privileges of objects to come.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

using sql::from;

std::string database(int version) {
    const auto provider = version / 10000 >= 15
                              ? "CASE d.datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'"
                                " ELSE 'libc' END"
                              : "'libc'";
    const auto locale = version / 10000 >= 17   ? "d.datlocale"
                        : version / 10000 >= 15 ? "d.daticulocale"
                                                : "NULL::text";
    // Before 15 the version of the default collation is that of any other with its locale.
    const auto actual =
        from(version, 15, "pg_database_collation_actual_version(d.oid)",
             "(SELECT pg_collation_actual_version(c.oid) FROM pg_collation c"
             " WHERE c.collprovider = 'c' AND c.collcollate = d.datcollate LIMIT 1)");
    return "SELECT NULL, NULL, NULL, 'this database', pg_encoding_to_char(d.encoding)"
           " AS \"encoding\", " +
           std::string(provider) + " AS \"locale provider\", " + locale +
           " AS \"locale\", d.datcollate AS \"collation\", d.datctype AS \"character type\", " +
           from(version, 16, "d.daticurules", "NULL::text") + " AS \"collation rules\", " +
           from(version, 15, "d.datcollversion", "NULL::text") +
           " AS \"recorded collation version\", " + actual +
           " AS \"actual collation version\", d.datistemplate AS \"template\","
           " d.datallowconn AS \"connections allowed\","
           " nullif(d.datconnlimit, -1) AS \"connection limit\","
           " (SELECT spcname FROM pg_tablespace WHERE oid = d.dattablespace) AS \"tablespace\", " +
           sql::owned("d.datdba", "d.datacl", "d") + ", " +
           sql::shared_described("pg_database", "d.oid") +
           " FROM pg_database d WHERE d.datname = current_database()";
}

constexpr const char *kThisDatabase =
    "(SELECT oid FROM pg_database WHERE datname = current_database())";

/// Roles that own, hold or were given something here, and every role that is a member of one of
/// them or that one of them is a member of. Others of the server have nothing to do with it.
std::string concerned() {
    return fmt::format(
        "WITH RECURSIVE concerned (role) AS ((SELECT d.refobjid FROM pg_shdepend d"
        " WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid <> 0 AND (d.dbid = {0}"
        " OR (d.classid = 'pg_database'::regclass AND d.objid = {0}))"
        " UNION SELECT datdba FROM pg_database WHERE oid = {0}"
        " UNION SELECT setrole FROM pg_db_role_setting WHERE setdatabase = {0})"
        " UNION SELECT CASE WHEN m.roleid = concerned.role THEN m.member ELSE m.roleid END"
        " FROM pg_auth_members m JOIN concerned ON concerned.role IN (m.roleid, m.member)"
        " JOIN pg_roles p ON p.oid = m.roleid AND p.rolname !~ '^pg_') ",
        kThisDatabase);
}

std::string roles(int version) {
    return concerned() +
           "SELECT NULL, NULL, r.rolname, NULL, r.rolsuper AS \"superuser\","
           " r.rolinherit AS \"inherit\", r.rolcreaterole AS \"create role\","
           " r.rolcreatedb AS \"create database\", r.rolcanlogin AS \"login\","
           " r.rolreplication AS \"replication\", r.rolbypassrls AS \"bypass row security\","
           " nullif(r.rolconnlimit, -1) AS \"connection limit\","
           " nullif(r.rolvaliduntil, 'infinity') AS \"valid until\","
           " (SELECT json_object_agg(g.rolname, g.how) FROM (SELECT o.rolname,"
           " string_agg(DISTINCT concat_ws(', ', 'member', CASE WHEN m.admin_option THEN 'admin' "
           "END" +
           from(version, 16,
                ", CASE WHEN m.inherit_option <> r.rolinherit THEN 'inherit '"
                " || m.inherit_option END, CASE WHEN NOT m.set_option THEN 'no set' END",
                "") +
           "), '; ') AS how FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.roleid"
           " WHERE m.member = r.oid GROUP BY o.rolname) AS g) AS \"member of *\","
           " EXISTS (SELECT FROM concerned WHERE role = r.oid) AS \"~concerned\", " +
           sql::shared_described("pg_authid", "r.oid") +
           " FROM pg_roles r WHERE r.rolname !~ "
           "'^(pg_|custody_(admin|operator|auditor|legal|break_glass|ledger_owner)$)'";
}

std::string settings() {
    return "SELECT NULL, NULL, NULL, split_part(v, '=', 1) || CASE WHEN s.setrole <> 0 THEN"
           " ' of role ' || quote_ident(r.rolname) ELSE '' END || CASE WHEN s.setdatabase <> 0"
           " THEN ' in the database' WHEN s.setrole = 0 THEN ' of all roles' ELSE '' END,"
           " substr(v, strpos(v, '=') + 1) AS \"value\","
           " CASE WHEN s.setdatabase = 0 THEN r.rolname END AS \"~role\""
           " FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS v"
           " LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase IN (0, " +
           std::string(kThisDatabase) +
           ") AND coalesce(r.rolname, '') !~ "
           "'^custody_(admin|operator|auditor|legal|break_glass|ledger_owner)$'";
}

std::string extensions() {
    return "SELECT NULL, NULL, e.extname, NULL, e.extversion AS \"version\","
           " n.nspname AS \"schema\", " +
           sql::described("pg_extension", "e.oid") +
           " FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
           " WHERE e.extname <> 'custody'";
}

std::string default_privileges() {
    return "SELECT NULL, NULL, NULL, 'of role ' || quote_ident(pg_get_userbyid(d.defaclrole)) ||"
           " coalesce(' in schema ' || quote_ident(n.nspname), '') || ' for ' ||"
           " CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'"
           " WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'"
           " ELSE 'large objects' END, " +
           sql::grants("d.defaclacl", "d.defaclrole") +
           " AS \"grants to *\" FROM pg_default_acl d"
           " LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace"
           " WHERE d.defaclnamespace = 0 OR " +
           sql::user_schema();
}

/// Those that the database has something in. Where they are is the server's own matter.
std::string tablespaces() {
    return "SELECT NULL, NULL, t.spcname, NULL, " + sql::options("t.spcoptions") +
           " AS \"option *\", " + sql::owned("t.spcowner", "t.spcacl", "t") + ", " +
           sql::shared_described("pg_tablespace", "t.oid") +
           " FROM pg_tablespace t WHERE t.oid IN (SELECT reltablespace FROM pg_class"
           " WHERE reltablespace <> 1664 UNION SELECT dattablespace FROM pg_database"
           " WHERE datname = current_database())";
}

} // namespace

std::vector<ClassQuery> database_queries(int version) {
    return {{"database", database(version)}, {"tablespace", tablespaces()},
            {"role", roles(version)},        {"setting", settings()},
            {"extension", extensions()},     {"default privileges", default_privileges()}};
}

} // namespace custody::compare
