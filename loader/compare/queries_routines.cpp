// Functions, procedures, aggregates, event triggers, languages, transforms, casts.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

using sql::from;

/// Types of the arguments as the suffix of a name.
constexpr const char *kSignature =
    "'(' || coalesce((SELECT string_agg(format_type(t, NULL), ', ' ORDER BY k)"
    " FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, k)), '') || ')'";

std::string user_routine() {
    return sql::of_user("pg_proc", "p.oid") + " AND " + sql::made_by_user("pg_proc", "p.oid");
}

/// What functions and aggregates have in common.
std::string common() {
    return "pg_get_function_result(p.oid) AS \"result\","
           " CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable'"
           " ELSE 'volatile' END AS \"volatility\","
           " CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted'"
           " ELSE 'unsafe' END AS \"parallel\", p.proisstrict AS \"strict\"," +
           sql::options("p.proconfig") + " AS \"setting *\", " +
           sql::owned("p.proowner", "p.proacl", "f") + ", " + sql::described("pg_proc", "p.oid");
}

std::string functions(int version, char kind) {
    return "SELECT n.nspname, NULL, p.proname, " + std::string(kSignature) +
           ", pg_get_function_arguments(p.oid) AS \"arguments\", l.lanname AS \"language\"," +
           from(version, 14, "coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)", "p.prosrc") +
           " AS \"body\", p.probin AS \"library\", p.prosecdef AS \"security definer\","
           " p.proleakproof AS \"leakproof\", p.procost AS \"cost\", p.prorows AS \"rows\","
           " p.prokind = 'w' AS \"window\", " +
           sql::routine("p.prosupport") +
           " AS \"support\", (SELECT string_agg(format_type(t, NULL), ', ')"
           " FROM unnest(p.protrftypes) AS t) AS \"transforms\", " +
           common() +
           " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
           " JOIN pg_language l ON l.oid = p.prolang"
           " WHERE p.prokind IN (" +
           (kind == 'p' ? "'p'" : "'f', 'w'") + ") AND " + user_routine();
}

std::string aggregates() {
    std::string steps;
    for (const auto &[column, name] : {std::pair("aggtransfn", "transition function"),
                                       {"aggfinalfn", "final function"},
                                       {"aggcombinefn", "combine function"},
                                       {"aggserialfn", "serial function"},
                                       {"aggdeserialfn", "deserial function"},
                                       {"aggmtransfn", "moving transition function"},
                                       {"aggminvtransfn", "moving inverse function"},
                                       {"aggmfinalfn", "moving final function"}})
        steps += fmt::format("CASE WHEN g.{0}::oid <> 0 THEN g.{0}::oid::regprocedure::text END"
                             " AS \"{1}\", ",
                             column, name);
    return "SELECT n.nspname, NULL, p.proname, " + std::string(kSignature) +
           ", pg_get_function_arguments(p.oid) AS \"arguments\", g.aggkind AS \"kind\", " + steps +
           "format_type(g.aggtranstype, NULL) AS \"state type\", g.aggtransspace AS \"state size\","
           " CASE WHEN g.aggmtranstype <> 0 THEN format_type(g.aggmtranstype, NULL) END"
           " AS \"moving state type\", g.agginitval AS \"initial value\","
           " g.aggminitval AS \"moving initial value\", g.aggfinalextra AS \"final extra\","
           " g.aggfinalmodify AS \"final modify\", g.aggmtransspace AS \"moving state size\","
           " g.aggmfinalextra AS \"moving final extra\","
           " g.aggmfinalmodify AS \"moving final modify\","
           " CASE WHEN g.aggsortop <> 0 THEN g.aggsortop::regoperator::text END"
           " AS \"sort operator\", " +
           common() +
           " FROM pg_aggregate g JOIN pg_proc p ON p.oid = g.aggfnoid"
           " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE " +
           user_routine();
}

std::string event_triggers() {
    return "SELECT NULL, NULL, t.evtname, NULL, t.evtevent AS \"event\","
           " t.evtfoid::regprocedure::text AS \"function\","
           " CASE t.evtenabled WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled'"
           " WHEN 'R' THEN 'replica' ELSE 'always' END AS \"enabled\","
           " (SELECT string_agg(tag, ', ' ORDER BY tag COLLATE \"C\") FROM unnest(t.evttags) AS "
           "tag)"
           " AS \"tags\", " +
           sql::owner("t.evtowner") + ", " + sql::described("pg_event_trigger", "t.oid") +
           " FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid"
           " JOIN pg_namespace n ON n.oid = p.pronamespace"
           " WHERE NOT EXISTS (SELECT FROM pg_extension own WHERE own.extname = 'custody'"
           " AND own.extnamespace = n.oid) AND " +
           sql::not_member("pg_event_trigger", "t.oid");
}

std::string languages() {
    return "SELECT NULL, NULL, l.lanname, NULL, l.lanpltrusted AS \"trusted\", " +
           sql::routine("l.lanplcallfoid") + " AS \"handler\", " + sql::routine("l.laninline") +
           " AS \"inline handler\", " + sql::routine("l.lanvalidator") + " AS \"validator\", " +
           sql::owned("l.lanowner", "l.lanacl", "l") + ", " +
           sql::described("pg_language", "l.oid") + " FROM pg_language l WHERE l.lanispl AND " +
           sql::not_member("pg_language", "l.oid");
}

std::string transforms() {
    return "SELECT NULL, NULL, NULL, 'for ' || format_type(t.trftype, NULL) || ' language '"
           " || quote_ident(l.lanname), " +
           sql::routine("t.trffromsql") + " AS \"from SQL\", " + sql::routine("t.trftosql") +
           " AS \"to SQL\", " + sql::described("pg_transform", "t.oid") +
           " FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE " +
           sql::not_member("pg_transform", "t.oid");
}

/// The first OID that initdb does not give away is 16384.
std::string casts() {
    return "SELECT NULL, NULL, NULL, '(' || format_type(k.castsource, NULL) || ' AS '"
           " || format_type(k.casttarget, NULL) || ')', " +
           sql::routine("k.castfunc") +
           " AS \"function\", CASE k.castmethod WHEN 'b' THEN 'binary' WHEN 'i' THEN 'text'"
           " ELSE 'function' END AS \"method\", CASE k.castcontext WHEN 'e' THEN 'explicit'"
           " WHEN 'a' THEN 'assignment' ELSE 'implicit' END AS \"context\", " +
           sql::described("pg_cast", "k.oid") + " FROM pg_cast k WHERE k.oid >= 16384 AND " +
           sql::not_member("pg_cast", "k.oid") + " AND " + sql::made_by_user("pg_cast", "k.oid");
}

} // namespace

std::vector<ClassQuery> routine_queries(int version) {
    return {{"function", functions(version, 'f')},
            {"procedure", functions(version, 'p')},
            {"aggregate", aggregates()},
            {"event trigger", event_triggers()},
            {"language", languages()},
            {"transform", transforms()},
            {"cast", casts()}};
}

} // namespace custody::compare
