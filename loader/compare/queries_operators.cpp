// Operators, their classes and families, access methods.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

std::string user(std::string_view catalog, std::string_view oid) {
    return " WHERE " + sql::of_user(catalog, oid);
}

std::string operators() {
    return "SELECT n.nspname, NULL, NULL, '.' || o.oprname || '(' || CASE WHEN o.oprleft = 0 THEN "
           "'NONE'"
           " ELSE format_type(o.oprleft, NULL) END || ', ' || CASE WHEN o.oprright = 0 THEN 'NONE'"
           " ELSE format_type(o.oprright, NULL) END || ')', " +
           sql::routine("o.oprcode::oid") +
           " AS \"function\", format_type(o.oprresult, NULL) AS \"result\","
           " CASE WHEN o.oprcom <> 0 THEN o.oprcom::regoperator::text END AS \"commutator\","
           " CASE WHEN o.oprnegate <> 0 THEN o.oprnegate::regoperator::text END AS \"negator\", " +
           sql::routine("o.oprrest::oid") + " AS \"restriction estimator\", " +
           sql::routine("o.oprjoin::oid") +
           " AS \"join estimator\", o.oprcanhash AS \"hashes\", o.oprcanmerge AS \"merges\", " +
           sql::owner("o.oprowner") + ", " + sql::described("pg_operator", "o.oid") +
           " FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace" +
           user("pg_operator", "o.oid");
}

constexpr const char *kUsing =
    "' USING ' || quote_ident((SELECT amname FROM pg_am WHERE pg_am.oid = {}))";

std::string operator_classes() {
    return "SELECT n.nspname, NULL, k.opcname, " + fmt::format(kUsing, "k.opcmethod") +
           ", format_type(k.opcintype, NULL) AS \"type\", k.opcdefault AS \"default\","
           " CASE WHEN k.opckeytype <> 0 THEN format_type(k.opckeytype, NULL) END AS \"storage\","
           " (SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) FROM pg_opfamily f"
           " JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = k.opcfamily)"
           " AS \"family\", " +
           sql::owner("k.opcowner") + ", " + sql::described("pg_opclass", "k.oid") +
           " FROM pg_opclass k JOIN pg_namespace n ON n.oid = k.opcnamespace" +
           user("pg_opclass", "k.oid");
}

std::string operator_families() {
    return "SELECT n.nspname, NULL, f.opfname, " + fmt::format(kUsing, "f.opfmethod") +
           ", (SELECT json_object_agg(o.amopstrategy || ' (' || format_type(o.amoplefttype, NULL)"
           " || ', ' || format_type(o.amoprighttype, NULL) || ')', o.amopopr::regoperator::text"
           " || CASE WHEN o.amopsortfamily <> 0 THEN ' for order by ' || (SELECT"
           " quote_ident(s.opfname) FROM pg_opfamily s WHERE s.oid = o.amopsortfamily) ELSE '' END)"
           " FROM pg_amop o WHERE o.amopfamily = f.oid) AS \"operator *\","
           " (SELECT json_object_agg(p.amprocnum || ' (' || format_type(p.amproclefttype, NULL)"
           " || ', ' || format_type(p.amprocrighttype, NULL) || ')',"
           " p.amproc::oid::regprocedure::text) FROM pg_amproc p WHERE p.amprocfamily = f.oid)"
           " AS \"function *\", " +
           sql::owner("f.opfowner") + ", " + sql::described("pg_opfamily", "f.oid") +
           " FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace" +
           user("pg_opfamily", "f.oid");
}

std::string access_methods() {
    return "SELECT NULL, NULL, a.amname, NULL, a.amtype AS \"type\", " +
           sql::routine("a.amhandler::oid") + " AS \"handler\", " +
           sql::described("pg_am", "a.oid") + " FROM pg_am a WHERE a.oid >= 16384 AND " +
           sql::not_member("pg_am", "a.oid");
}

} // namespace

std::vector<ClassQuery> operator_queries(int) {
    return {{"operator", operators()},
            {"operator class", operator_classes()},
            {"operator family", operator_families()},
            {"access method", access_methods()}};
}

} // namespace custody::compare
