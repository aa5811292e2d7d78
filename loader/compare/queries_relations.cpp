// Schemas, and what lives in them under the names of relations.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

using sql::from;

/// FROM and WHERE of the user's relations of these kinds.
std::string relations(std::string_view kinds) {
    return fmt::format(" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE c.relkind IN ({}) AND c.relpersistence <> 't' AND {} AND {}",
                       kinds, sql::user_schema(), sql::not_member("pg_class", "c.oid"));
}

constexpr const char *kName = "SELECT n.nspname, c.relname, NULL, NULL, ";

constexpr const char *kPersistence =
    "CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS \"persistence\", ";

constexpr const char *kTablespace =
    "(SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) AS \"tablespace\", ";

constexpr const char *kAccessMethod =
    "(SELECT amname FROM pg_am WHERE oid = c.relam) AS \"access method\", ";

/// Parents by inheritance, in order; the parent of a partition.
constexpr const char *kParents =
    "CASE WHEN NOT c.relispartition THEN (SELECT string_agg(i.inhparent::regclass::text, ', '"
    " ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid) END AS \"inherits\","
    " CASE WHEN c.relispartition THEN (SELECT i.inhparent::regclass::text FROM pg_inherits i"
    " WHERE i.inhrelid = c.oid) END AS \"partition of\","
    " pg_get_expr(c.relpartbound, c.oid) AS \"partition bound\","
    " pg_get_partkeydef(c.oid) AS \"partition key\", ";

constexpr const char *kReplicaIdentity =
    "CASE c.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full'"
    " ELSE 'index' END AS \"replica identity\",";

constexpr const char *kRowSecurity =
    "c.relrowsecurity AS \"row security\", c.relforcerowsecurity AS \"forced row security\", ";

std::string options() {
    return sql::options("c.reloptions") + " AS \"option *\", " +
           sql::options("(SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid)") +
           " AS \"toast option *\", ";
}

std::string owned(std::string_view kind = "r") {
    return sql::owned("c.relowner", "c.relacl", kind) + ", " + sql::described("pg_class", "c.oid");
}

std::string schemas() {
    return "SELECT n.nspname, NULL, NULL, NULL, " + sql::owned("n.nspowner", "n.nspacl", "n") +
           ", " + sql::described("pg_namespace", "n.oid") +
           ", EXISTS (SELECT FROM pg_init_privs i WHERE i.objoid = n.oid"
           " AND i.classoid = 'pg_namespace'::regclass AND i.initprivs = n.nspacl) AS \"~initial\","
           " n.nspowner = 10 AS \"~first owner\""
           " FROM pg_namespace n WHERE " +
           sql::user_schema() + " AND " + sql::not_member("pg_namespace", "n.oid");
}

std::string tables(int version) {
    return std::string(kName) +
           "CASE c.relkind WHEN 'p' THEN 'partitioned' ELSE 'plain' END AS \"kind\", " +
           kPersistence + kAccessMethod + kTablespace + kParents + kRowSecurity + options() +
           from(version, 14,
                "EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid"
                " AND i.inhdetachpending)",
                "false") +
           " AS \"detach pending\", " + kReplicaIdentity +
           " CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype::text END AS \"of type\", " +
           owned() + relations("'r', 'p'");
}

std::string foreign_tables() {
    return std::string(kName) + kParents + kRowSecurity + "s.srvname AS \"server\", " +
           sql::options("f.ftoptions") + " AS \"option *\", " + owned() +
           " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
           " JOIN pg_foreign_table f ON f.ftrelid = c.oid JOIN pg_foreign_server s"
           " ON s.oid = f.ftserver WHERE " +
           sql::user_schema() + " AND " + sql::not_member("pg_class", "c.oid");
}

/// Columns of a view, whose types need not show in its definition.
constexpr const char *kViewColumns =
    "(SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod),"
    " ', ' ORDER BY a.attnum) FROM pg_attribute a"
    " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS \"columns\", ";

/// A property for each column `a` for which the expression is not NULL.
std::string of_columns(std::string_view expression, std::string_view name) {
    return fmt::format("(SELECT json_object_agg(a.attname, {0}) FROM pg_attribute a"
                       " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid"
                       " AND d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0"
                       " AND {0} IS NOT NULL) AS \"{1}\", ",
                       expression, name);
}

std::string grants_on_columns() {
    return of_columns(sql::grants("a.attacl", "c.relowner") + "::text", "grants on *");
}

/// To write down a view locks the relations it reads, and a server has room for so many locks only.
constexpr int kPartsOfViews = 16;

std::string views(int part) {
    return std::string(kName) + kViewColumns + sql::options("c.reloptions") + " AS \"option *\", " +
           of_columns("pg_get_expr(d.adbin, d.adrelid)", "default of *") +
           of_columns("col_description(a.attrelid, a.attnum)", "comment on *") +
           grants_on_columns() + "pg_get_viewdef(c.oid) AS \"definition\", " + owned() +
           relations("'v'") + fmt::format(" AND c.oid::bigint % {} = {}", kPartsOfViews, part);
}

std::string materialized_views() {
    return std::string(kName) + kViewColumns + kAccessMethod + kTablespace + options() +
           kReplicaIdentity +
           "pg_get_viewdef(c.oid) AS \"definition\", c.relispopulated AS \"populated\", " +
           owned() + relations("'m'");
}

std::string sequences() {
    return std::string(kName) + kPersistence +
           "format_type(s.seqtypid, NULL) AS \"type\", s.seqstart AS \"start\","
           " s.seqincrement AS \"increment\", s.seqmin AS \"minimum\", s.seqmax AS \"maximum\","
           " s.seqcache AS \"cache\", s.seqcycle AS \"cycle\","
           " o.refobjid::regclass::text || '.' || quote_ident(o.attname) AS \"owned by\","
           " o.nspname AS \"~schema\", o.relname AS \"~relation\", o.attname AS \"~column\","
           " has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT')"
           " AS \"~readable\", " +
           grants_on_columns() + owned("s") +
           " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
           " JOIN pg_sequence s ON s.seqrelid = c.oid"
           " LEFT JOIN LATERAL (SELECT d.refobjid, a.attname, t.relname, tn.nspname"
           " FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid"
           " JOIN pg_namespace tn ON tn.oid = t.relnamespace JOIN pg_attribute a"
           " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
           " WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid"
           " AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) o ON true"
           " WHERE c.relpersistence <> 't' AND " +
           sql::user_schema() + " AND " + sql::not_member("pg_class", "c.oid");
}

} // namespace

std::vector<ClassQuery> relation_queries(int version) {
    std::vector<ClassQuery> queries = {
        {"schema", schemas()}, {"table", tables(version)}, {"foreign table", foreign_tables()}};
    for (int part = 0; part < kPartsOfViews; ++part)
        queries.push_back({"view", views(part)});
    queries.push_back({"materialized view", materialized_views()});
    queries.push_back({"sequence", sequences()});
    return queries;
}

} // namespace custody::compare
