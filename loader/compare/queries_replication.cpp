// Publications and subscriptions. A subscription's connection string is never read.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

using sql::from;

std::string publications(int version) {
    const auto table =
        from(version, 15,
             "'columns ' || coalesce((SELECT string_agg(quote_ident(a.attname), ', '"
             " ORDER BY a.attname COLLATE \"C\") FROM unnest(r.prattrs::int2[]) AS k"
             " JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = k), 'all')"
             " || coalesce(' where ' || pg_get_expr(r.prqual, r.prrelid), '')",
             "'columns all'");
    return "SELECT NULL, NULL, p.pubname, NULL, p.puballtables AS \"all tables\","
           " concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate"
           " THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate"
           " THEN 'truncate' END) AS \"operations\", p.pubviaroot AS \"via root\", " +
           from(version, 18, "p.pubgencols::text", "'n'") +
           " AS \"generated columns\", (SELECT json_object_agg(c.oid::regclass::text, " + table +
           ") FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid"
           " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid)"
           " AS \"table *\", " +
           from(version, 15,
                "(SELECT json_object_agg(n.nspname, 'published') FROM pg_publication_namespace r"
                " JOIN pg_namespace n ON n.oid = r.pnnspid WHERE r.pnpubid = p.oid)",
                "NULL::json") +
           " AS \"schema *\", " + sql::owner("p.pubowner") + ", " +
           sql::described("pg_publication", "p.oid") + " FROM pg_publication p WHERE " +
           sql::not_member("pg_publication", "p.oid");
}

/// Columns that later versions added; an older one behaves as the default says.
std::string subscriptions(int version) {
    const auto streaming = version / 10000 >= 16   ? "s.substream::text"
                           : version / 10000 >= 14 ? "CASE WHEN s.substream THEN 't' ELSE 'f' END"
                                                   : "'f'";
    return "SELECT NULL, NULL, s.subname, NULL, s.subenabled AS \"enabled\","
           " s.subslotname AS \"slot\", s.subsynccommit AS \"synchronous commit\","
           " (SELECT string_agg(p, ', ' ORDER BY p COLLATE \"C\") FROM unnest(s.subpublications)"
           " AS p) AS \"publications\", " +
           from(version, 14, "s.subbinary", "false") + " AS \"binary\", " + streaming +
           " AS \"streaming\", " + from(version, 15, "s.subtwophasestate <> 'd'", "false") +
           " AS \"two phase\", " + from(version, 15, "s.subdisableonerr", "false") +
           " AS \"disable on error\", " + from(version, 16, "s.suborigin", "'any'") +
           " AS \"origin\", " + from(version, 16, "s.subpasswordrequired", "true") +
           " AS \"password required\", " + from(version, 16, "s.subrunasowner", "false") +
           " AS \"run as owner\", " + from(version, 17, "s.subfailover", "false") +
           " AS \"failover\", " + sql::owner("s.subowner") +
           ", obj_description(s.oid, 'pg_subscription') AS \"comment\" FROM pg_subscription s"
           " WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
}

} // namespace

std::vector<ClassQuery> replication_queries(int version) {
    return {{"publication", publications(version)}, {"subscription", subscriptions(version)}};
}

} // namespace custody::compare
