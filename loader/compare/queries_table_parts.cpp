// What belongs to a table or view: columns, constraints, indexes, triggers, rules, policies.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

using sql::from;

/// Condition of a relation `c` whose parts are the user's.
std::string user_relation() {
    return "c.relpersistence <> 't' AND " + sql::user_schema() + " AND " +
           sql::not_member("pg_class", "c.oid");
}

constexpr const char *kOf = " JOIN pg_namespace n ON n.oid = c.relnamespace ";

std::string columns(int version) {
    return "SELECT n.nspname, c.relname, a.attname, NULL,"
           " format_type(a.atttypid, a.atttypmod) AS \"type\","
           " CASE WHEN NOT a.attnotnull THEN 'yes' " +
           from(version, 18,
                "WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid"
                " AND k.contype = 'n' AND k.conkey[1] = a.attnum AND NOT k.convalidated)"
                " THEN 'no, not validated' ",
                "") +
           "ELSE 'no' END AS \"null allowed\","
           " CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS \"default\","
           " CASE a.attgenerated WHEN '' THEN NULL WHEN 'v'"
           " THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL'"
           " ELSE pg_get_expr(d.adbin, d.adrelid) || ' STORED' END AS \"generated\","
           " CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END"
           " AS \"identity\","
           " CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END"
           " AS \"collation\","
           " CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'"
           " ELSE 'extended' END AS \"storage\"," +
           from(version, 14, " CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
                " NULL::text") +
           " AS \"compression\","
           " CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS \"statistics target\","
           " NOT a.attislocal AS \"inherited only\", CASE WHEN a.attinhcount = 0 OR "
           "c.relispartition"
           " THEN to_char(a.attnum, '00000') END AS \"~position\"," +
           sql::options("a.attoptions") + " AS \"option *\"," + sql::options("a.attfdwoptions") +
           " AS \"foreign option *\"," + sql::grants("a.attacl", "c.relowner") +
           " AS \"grants to *\"," + sql::described("pg_class", "c.oid", "a.attnum") +
           " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid" + kOf +
           "JOIN pg_type t ON t.oid = a.atttypid"
           " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
           " WHERE c.relkind IN ('r', 'p', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND " +
           user_relation();
}

/// Of the index that stands behind `i`.
constexpr const char *kIndexFlags =
    "i.indisvalid AS \"valid\", i.indisclustered AS \"clustered\","
    " i.indisreplident AS \"replica identity\","
    " (SELECT spcname FROM pg_tablespace WHERE oid = x.reltablespace) AS \"tablespace\","
    " (SELECT json_object_agg(a.attname, a.attstattarget) FROM pg_attribute a"
    " WHERE a.attrelid = x.oid AND a.attstattarget >= 0) AS \"statistics target of *\","
    " (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = x.oid)"
    " AS \"partition of\", ";

/// The triggers that enforce keys and do not fire as they do by default, with the constraint they
/// belong to and those above it: the ones on partitions belong to copies of a key.
constexpr const char *kSilenced =
    "WITH RECURSIVE silenced (part, own, place, state) AS (SELECT t.tgconstraint, true,"
    " t.tgrelid::regclass::text, p.proname || CASE t.tgenabled WHEN 'D' THEN ' disabled'"
    " WHEN 'R' THEN ' replica' ELSE ' always' END FROM pg_trigger t"
    " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_constraint k ON k.oid = t.tgconstraint"
    " WHERE t.tgenabled <> 'O' AND k.contype <> 't'"
    " UNION ALL SELECT k.conparentid, false, s.place, s.state FROM silenced s"
    " JOIN pg_constraint k ON k.oid = s.part WHERE k.conparentid <> 0) ";

/// What has a property of its own is taken off the end of the definition. The copies of a key that
/// a server makes for the partitions of a table are not named the same way by all versions.
/// Not-null constraints are objects from 18 on only (see normalise.cpp).
std::string constraints(int version) {
    const auto deferred = "CASE WHEN k.condeferred THEN 'initially deferred'"
                          " WHEN k.condeferrable THEN 'yes' ELSE 'no' END";
    return std::string(kSilenced) +
           "SELECT n.nspname, c.relname, k.conname, NULL,"
           " regexp_replace(pg_get_constraintdef(k.oid),"
           " '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED)?( NO INHERIT)?( NOT VALID)?$',"
           " '') AS \"definition\", k.convalidated AS \"validated\", k.contype AS \"~type\", " +
           std::string(deferred) + " AS \"deferrable\", " +
           from(version, 18, "k.conenforced", "true") +
           " AS \"enforced\", k.connoinherit AND k.contype IN ('c', 'n') AS \"no inherit\","
           " NOT k.conislocal AS \"inherited only\","
           " (SELECT json_object_agg(t.place, t.states) FROM (SELECT s.place,"
           " string_agg(DISTINCT s.state, ', ') AS states FROM silenced s WHERE s.part = k.oid"
           " AND (k.contype = 'f' OR s.own) GROUP BY s.place) t) AS \"triggers on *\","
           " CASE WHEN k.contype IN ('p', 'u', 'x') THEN pg_get_indexdef(x.oid) END"
           " AS \"index definition\","
           " obj_description(x.oid, 'pg_class') AS \"index comment\", " +
           kIndexFlags + sql::described("pg_constraint", "k.oid") +
           " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid" + kOf +
           "LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')"
           " LEFT JOIN pg_class x ON x.oid = i.indexrelid"
           " WHERE k.contype IN ('c', 'f', 'p', 'u', 'x', 'n')"
           " AND NOT (k.contype = 'f' AND k.conparentid <> 0) AND " +
           user_relation();
}

std::string indexes() {
    return "SELECT n.nspname, c.relname, x.relname, NULL,"
           " pg_get_indexdef(x.oid) AS \"definition\", " +
           std::string(kIndexFlags) + sql::described("pg_class", "x.oid") +
           " FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid"
           " JOIN pg_class c ON c.oid = i.indrelid" +
           kOf +
           "WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid"
           " AND k.contype IN ('p', 'u', 'x')) AND " +
           user_relation();
}

constexpr const char *kEnabled = "CASE {} WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled'"
                                 " WHEN 'R' THEN 'replica' ELSE 'always' END AS \"enabled\", ";

/// With the copies that a partitioned table's triggers have on its partitions, which 15 stopped
/// calling internal.
std::string triggers() {
    return "SELECT n.nspname, c.relname, t.tgname, NULL, " + fmt::format(kEnabled, "t.tgenabled") +
           "pg_get_triggerdef(t.oid) AS \"definition\", " + sql::described("pg_trigger", "t.oid") +
           " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid" + kOf +
           "WHERE (NOT t.tgisinternal OR (t.tgparentid <> 0 AND NOT EXISTS (SELECT FROM"
           " pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype <> 't'))) AND " +
           sql::not_member("pg_trigger", "t.oid") + " AND " + user_relation();
}

std::string rules() {
    return "SELECT n.nspname, c.relname, r.rulename, NULL, " +
           fmt::format(kEnabled, "r.ev_enabled") + "pg_get_ruledef(r.oid) AS \"definition\", " +
           sql::described("pg_rewrite", "r.oid") +
           " FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class" + kOf +
           "WHERE NOT (r.rulename = '_RETURN' AND c.relkind IN ('v', 'm')) AND " + user_relation();
}

std::string policies() {
    return "SELECT n.nspname, c.relname, p.polname, NULL,"
           " CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'"
           " WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END AS \"command\","
           " p.polpermissive AS \"permissive\","
           " (SELECT string_agg(" +
           sql::role("r") + ", ', ' ORDER BY " + sql::role("r") +
           " COLLATE \"C\") FROM unnest(p.polroles) AS r) AS \"roles\","
           " pg_get_expr(p.polqual, p.polrelid) AS \"using\","
           " pg_get_expr(p.polwithcheck, p.polrelid) AS \"check\", " +
           sql::described("pg_policy", "p.oid") +
           " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid" + kOf + "WHERE " +
           user_relation();
}

} // namespace

std::vector<ClassQuery> table_part_queries(int version) {
    return {{"column", columns(version)},
            {"constraint", constraints(version)},
            {"index", indexes()},
            {"trigger", triggers()},
            {"rule", rules()},
            {"policy", policies()}};
}

} // namespace custody::compare
