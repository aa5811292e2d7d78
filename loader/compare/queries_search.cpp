// Text search, extended statistics, conversions.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

std::string select(std::string_view name, std::string_view properties, std::string_view catalog,
                   std::string_view alias, std::string_view schema) {
    return fmt::format("SELECT n.nspname, NULL, {3}.{0}, NULL, {1}, {5}"
                       " FROM {2} {3} JOIN pg_namespace n ON n.oid = {3}.{4} WHERE {6}",
                       name, properties, catalog, alias, schema,
                       sql::described(catalog, fmt::format("{}.oid", alias)),
                       sql::of_user(catalog, fmt::format("{}.oid", alias)));
}

std::string configurations() {
    return select("cfgname",
                  "(SELECT quote_ident(pn.nspname) || '.' || quote_ident(p.prsname)"
                  " FROM pg_ts_parser p JOIN pg_namespace pn ON pn.oid = p.prsnamespace"
                  " WHERE p.oid = c.cfgparser) AS \"parser\","
                  " (SELECT json_object_agg(m.alias, m.dictionaries) FROM (SELECT y.alias,"
                  " string_agg(mapped.mapdict::regdictionary::text, ', ' ORDER BY mapped.mapseqno)"
                  " AS dictionaries FROM pg_ts_config_map mapped"
                  " JOIN ts_token_type(c.cfgparser) y ON y.tokid = mapped.maptokentype"
                  " WHERE mapped.mapcfg = c.oid GROUP BY y.alias) m) AS \"mapping of *\", " +
                      sql::owner("c.cfgowner"),
                  "pg_ts_config", "c", "cfgnamespace");
}

std::string dictionaries() {
    return select("dictname",
                  "(SELECT quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname)"
                  " FROM pg_ts_template t JOIN pg_namespace tn ON tn.oid = t.tmplnamespace"
                  " WHERE t.oid = d.dicttemplate) AS \"template\","
                  " d.dictinitoption AS \"options\", " +
                      sql::owner("d.dictowner"),
                  "pg_ts_dict", "d", "dictnamespace");
}

std::string parsers() {
    std::string routines;
    for (const auto &[column, name] : {std::pair("prsstart", "start"),
                                       {"prstoken", "token"},
                                       {"prsend", "end"},
                                       {"prsheadline", "headline"},
                                       {"prslextype", "token types"}})
        routines += (routines.empty() ? "" : ", ") +
                    sql::routine(fmt::format("p.{}::oid", column)) +
                    fmt::format(" AS \"{}\"", name);
    return select("prsname", routines, "pg_ts_parser", "p", "prsnamespace");
}

std::string templates() {
    return select("tmplname",
                  sql::routine("t.tmplinit::oid") + " AS \"init\", " +
                      sql::routine("t.tmpllexize::oid") + " AS \"lexize\"",
                  "pg_ts_template", "t", "tmplnamespace");
}

std::string statistics() {
    return "SELECT n.nspname, NULL, s.stxname, NULL,"
           " pg_get_statisticsobjdef(s.oid) AS \"definition\","
           " CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END AS \"statistics target\","
           " cn.nspname AS \"~schema\", c.relname AS \"~relation\", " +
           sql::owner("s.stxowner") + ", " + sql::described("pg_statistic_ext", "s.oid") +
           " FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace"
           " JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace"
           " WHERE " +
           sql::of_user("pg_statistic_ext", "s.oid");
}

// 14 gave the functions of the server's own conversions one more argument.
std::string conversions() {
    return select("conname",
                  "pg_encoding_to_char(c.conforencoding) AS \"from\","
                  " pg_encoding_to_char(c.contoencoding) AS \"to\","
                  " c.conproc::oid::regproc::text AS \"function\","
                  " c.condefault AS \"default\", " +
                      sql::owner("c.conowner"),
                  "pg_conversion", "c", "connamespace");
}

} // namespace

std::vector<ClassQuery> search_queries(int) {
    return {{"text search configuration", configurations()},
            {"text search dictionary", dictionaries()},
            {"text search parser", parsers()},
            {"text search template", templates()},
            {"statistics", statistics()},
            {"conversion", conversions()}};
}

} // namespace custody::compare
