// Types that users made. Arrays, row types of tables and the multiranges of ranges come with what
// they belong to.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

using sql::from;

constexpr const char *kName = "SELECT n.nspname, NULL, t.typname, NULL, ";

std::string owned() {
    return sql::owned("t.typowner", "t.typacl", "T") + ", " + sql::described("pg_type", "t.oid");
}

std::string types(std::string_view condition, std::string_view joins = "") {
    return fmt::format(" FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace{} WHERE {}"
                       " AND {}",
                       joins, condition, sql::of_user("pg_type", "t.oid"));
}

std::string enums() {
    return std::string(kName) +
           "(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)"
           " FROM pg_enum e WHERE e.enumtypid = t.oid) AS \"labels\", " +
           owned() + types("t.typtype = 'e'");
}

std::string domains() {
    return std::string(kName) +
           "format_type(t.typbasetype, t.typtypmod) AS \"type\", t.typnotnull AS \"not null\","
           " pg_get_expr(t.typdefaultbin, 0) AS \"default\","
           " CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END"
           " AS \"collation\","
           " (SELECT json_object_agg(k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k"
           " WHERE k.contypid = t.oid AND k.contype <> 'n') AS \"constraint *\","
           " (SELECT json_object_agg(k.conname, d.description) FROM pg_constraint k"
           " JOIN pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass"
           " WHERE k.contypid = t.oid) AS \"comment on constraint *\", " +
           owned() + types("t.typtype = 'd'", " JOIN pg_type b ON b.oid = t.typbasetype");
}

std::string composites() {
    return std::string(kName) +
           "(SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, "
           "a.atttypmod)"
           " || CASE WHEN a.attcollation <> at.typcollation"
           " THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END, ', '"
           " ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid"
           " WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)"
           " AS \"attributes\","
           " (SELECT json_object_agg(a.attname, d.description) FROM pg_attribute a"
           " JOIN pg_description d ON d.objoid = t.typrelid AND d.objsubid = a.attnum"
           " AND d.classoid = 'pg_class'::regclass WHERE a.attrelid = t.typrelid)"
           " AS \"comment on *\", " +
           owned() +
           types("t.typtype = 'c' AND c.relkind = 'c'", " JOIN pg_class c ON c.oid = t.typrelid");
}

std::string ranges(int version) {
    return std::string(kName) +
           "format_type(r.rngsubtype, NULL) AS \"subtype\","
           " CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::regcollation::text END"
           " AS \"collation\","
           " (SELECT quote_ident(kn.nspname) || '.' || quote_ident(k.opcname) FROM pg_opclass k"
           " JOIN pg_namespace kn ON kn.oid = k.opcnamespace WHERE k.oid = r.rngsubopc)"
           " AS \"operator class\", " +
           sql::routine("r.rngcanonical::oid") + " AS \"canonical\", " +
           sql::routine("r.rngsubdiff::oid") + " AS \"subtype difference\", " +
           from(version, 14, "format_type(r.rngmultitypid, NULL)", "NULL::text") +
           " AS \"multirange\", " + owned() +
           types("t.typtype = 'r'", " JOIN pg_range r ON r.rngtypid = t.oid"
                                    " JOIN pg_type s ON s.oid = r.rngsubtype");
}

/// Shell types too, which are names without a type.
std::string base_types(int version) {
    std::string routines;
    for (const auto &[column, name] : {std::pair("typinput", "input"),
                                       {"typoutput", "output"},
                                       {"typreceive", "receive"},
                                       {"typsend", "send"},
                                       {"typmodin", "modifier input"},
                                       {"typmodout", "modifier output"},
                                       {"typanalyze", "analyze"}})
        routines +=
            sql::routine(fmt::format("t.{}::oid", column)) + fmt::format(" AS \"{}\", ", name);
    return std::string(kName) + routines +
           "t.typlen AS \"length\", t.typbyval AS \"by value\", t.typalign AS \"alignment\","
           " t.typstorage AS \"storage\", t.typcategory AS \"category\","
           " t.typispreferred AS \"preferred\", t.typdelim AS \"delimiter\","
           " t.typdefault AS \"default\", t.typcollation <> 0 AS \"collatable\","
           " CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS \"element\"," +
           from(version, 14, sql::routine("t.typsubscript::oid"), "NULL::text") +
           " AS \"subscript\", t.typisdefined AS \"defined\", " + owned() +
           types("(t.typtype = 'b' OR NOT t.typisdefined)"
                 " AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)");
}

/// The user's, and those of the server that a column, domain or index uses: an index is in their
/// order, so their versions matter.
std::string collations(int version) {
    const auto used = "c.oid > 100 AND c.oid IN (SELECT a.attcollation FROM pg_attribute a JOIN "
                      "pg_class r ON r.oid = a.attrelid"
                      " JOIN pg_namespace n ON n.oid = r.relnamespace WHERE " +
                      sql::user_schema() +
                      " UNION SELECT t.typcollation FROM pg_type t JOIN pg_namespace n"
                      " ON n.oid = t.typnamespace WHERE " +
                      sql::user_schema() + ")";
    const auto locale = version / 10000 >= 17   ? "coalesce(c.colllocale, c.collcollate)"
                        : version / 10000 >= 15 ? "coalesce(c.colliculocale, c.collcollate)"
                                                : "c.collcollate";
    return "SELECT n.nspname, NULL, c.collname, NULL, CASE c.collprovider WHEN 'i' THEN 'icu'"
           " WHEN 'b' THEN 'builtin' WHEN 'd' THEN 'default' ELSE 'libc' END AS \"provider\", " +
           std::string(locale) +
           " AS \"locale\", nullif(c.collctype, c.collcollate) AS \"character type\","
           " c.collisdeterministic AS \"deterministic\", " +
           from(version, 16, "c.collicurules", "NULL::text") +
           " AS \"rules\", c.collversion AS \"recorded version\","
           " pg_collation_actual_version(c.oid) AS \"actual version\", " +
           "CASE WHEN " + sql::user_schema() +
           " THEN pg_get_userbyid(c.collowner) END AS \"owner\", " +
           sql::described("pg_collation", "c.oid") +
           " FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace"
           " WHERE (" +
           sql::user_schema() + " OR (" + used + ")) AND " +
           sql::not_member("pg_collation", "c.oid");
}

} // namespace

std::vector<ClassQuery> type_queries(int version) {
    return {{"enum", enums()},
            {"domain", domains()},
            {"composite", composites()},
            {"range", ranges(version)},
            {"base type", base_types(version)},
            {"collation", collations(version)}};
}

} // namespace custody::compare
