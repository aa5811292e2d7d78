#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare::sql {

std::string user_schema() {
    return "(n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'custody_ledger')"
           " AND NOT EXISTS (SELECT FROM pg_extension own"
           " WHERE own.extname = 'custody' AND own.extnamespace = n.oid))";
}

std::string not_member(std::string_view catalog, std::string_view oid) {
    return fmt::format("NOT EXISTS (SELECT FROM pg_depend member WHERE member.deptype = 'e'"
                       " AND member.classid = '{}'::regclass AND member.objid = {})",
                       catalog, oid);
}

std::string of_user(std::string_view catalog, std::string_view oid) {
    return fmt::format("({} OR (n.nspname = 'pg_catalog' AND {} >= 16384)) AND {}", user_schema(),
                       oid, not_member(catalog, oid));
}

std::string made_by_user(std::string_view catalog, std::string_view oid) {
    return fmt::format("NOT EXISTS (SELECT FROM pg_depend made WHERE made.deptype = 'i'"
                       " AND made.classid = '{}'::regclass AND made.objid = {})",
                       catalog, oid);
}

std::string described(std::string_view catalog, std::string_view oid, std::string_view part) {
    return fmt::format("(SELECT description FROM pg_description WHERE objoid = {1}"
                       " AND classoid = '{0}'::regclass AND objsubid = {2}) AS \"comment\","
                       " (SELECT json_object_agg(provider, label) FROM pg_seclabel"
                       " WHERE objoid = {1} AND classoid = '{0}'::regclass AND objsubid = {2})"
                       " AS \"security label *\"",
                       catalog, oid, part);
}

std::string shared_described(std::string_view catalog, std::string_view oid) {
    return fmt::format("shobj_description({1}, '{0}') AS \"comment\","
                       " (SELECT json_object_agg(provider, label) FROM pg_shseclabel"
                       " WHERE objoid = {1} AND classoid = '{0}'::regclass)"
                       " AS \"security label *\"",
                       catalog, oid);
}

std::string role(std::string_view oid) {
    return fmt::format("(SELECT CASE WHEN {0} = 0 THEN 'PUBLIC' WHEN name IN ('PUBLIC', '(owner)')"
                       " OR name ~ '[,\"]' THEN quote_ident(name) ELSE name::text END"
                       " FROM pg_get_userbyid({0}) AS name)",
                       oid);
}

std::string owner(std::string_view owner) {
    return fmt::format("pg_get_userbyid({}) AS \"owner\"", owner);
}

std::string grants(std::string_view acl, std::string_view owner) {
    return fmt::format(
        "(SELECT json_object_agg(who, what) FROM (SELECT CASE g.grantee WHEN {1} THEN '(owner)'"
        " ELSE {2} END AS who,"
        " string_agg(g.privilege_type || CASE WHEN g.is_grantable AND g.grantee <> {1}"
        " THEN ' WITH GRANT OPTION' ELSE '' END || CASE WHEN g.grantor <> {1}"
        " THEN ' by ' || {3} ELSE '' END, ', '"
        " ORDER BY g.privilege_type COLLATE \"C\", g.grantor) AS what"
        " FROM aclexplode({0}) AS g GROUP BY g.grantee) AS granted)",
        acl, owner, role("g.grantee"), role("g.grantor"));
}

std::string owned(std::string_view owner, std::string_view acl, std::string_view kind) {
    return sql::owner(owner) + ", " +
           grants(fmt::format("coalesce({}, acldefault('{}', {}))", acl, kind, owner), owner) +
           " AS \"grants to *\"";
}

// pg_attver is what a server itself keeps beside a column's options; pg_dump leaves it out too.
std::string options(std::string_view array) {
    return fmt::format("(SELECT json_object_agg(split_part(o, '=', 1),"
                       " substr(o, strpos(o, '=') + 1)) FROM unnest({}) AS o"
                       " WHERE o !~ '^pg_attver=')",
                       array);
}

std::string routine(std::string_view oid) {
    return fmt::format("(CASE WHEN {0} <> 0 THEN {0}::regprocedure::text END)", oid);
}

std::string from(int version, int since, std::string_view expression, std::string_view otherwise) {
    return std::string(version / 10000 >= since ? expression : otherwise);
}

} // namespace custody::compare::sql

namespace custody::compare {

std::vector<ClassQuery> all_queries(int version) {
    std::vector<ClassQuery> all;
    for (const auto group : {database_queries, relation_queries, table_part_queries,
                             routine_queries, type_queries, search_queries, operator_queries,
                             replication_queries, foreign_queries, privilege_queries})
        for (auto &query : group(version))
            all.push_back(std::move(query));
    return all;
}

} // namespace custody::compare
