// Privileges on what the server and extensions brought, where they are not as initdb or the
// extension's script left them, and on parameters of the server. What is as it was is not there.

#include <fmt/format.h>

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

struct Owned {
    const char *name;    // of the object, behind its kind
    const char *catalog; // with FROM's alias o
    const char *joins;   // n is its schema, if it has one
    const char *acl;     // column
    const char *owner;   // column
    const char *kind;    // of acldefault()
    const char *condition;
};

/// JSON of the grantees of which `now` and `first`, both JSON of grants(), do not tell the same;
/// NULL when there is none. Only these are told: what a server gives away depends on its version.
std::string changed(const std::string &now, const std::string &first) {
    return fmt::format("(SELECT json_object_agg(grantee, coalesce(a.value, 'none'))"
                       " FROM json_each_text({}) AS a (grantee, value)"
                       " FULL JOIN json_each_text({}) AS b (grantee, value) USING (grantee)"
                       " WHERE a.value IS DISTINCT FROM b.value)",
                       now, first);
}

constexpr const char *kServersSchema = "n.nspname = 'pg_catalog'";

constexpr Owned kOwned[] = {
    {"'relation ' || o.oid::regclass", "pg_class", "JOIN pg_namespace n ON n.oid = o.relnamespace",
     "o.relacl", "o.relowner", "CASE o.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END",
     kServersSchema},
    {"'function ' || o.oid::regprocedure", "pg_proc",
     "JOIN pg_namespace n ON n.oid = o.pronamespace", "o.proacl", "o.proowner", "'f'",
     kServersSchema},
    {"'type ' || o.oid::regtype", "pg_type", "JOIN pg_namespace n ON n.oid = o.typnamespace",
     "o.typacl", "o.typowner", "'T'", kServersSchema},
    {"'schema ' || quote_ident(o.nspname)", "pg_namespace", "", "o.nspacl", "o.nspowner", "'n'",
     "o.nspname IN ('pg_catalog', 'information_schema')"},
    {"'language ' || quote_ident(o.lanname)", "pg_language", "", "o.lanacl", "o.lanowner", "'l'",
     "NOT o.lanispl"},
    {"'foreign-data wrapper ' || quote_ident(o.fdwname)", "pg_foreign_data_wrapper", "", "o.fdwacl",
     "o.fdwowner", "'F'", "false"},
    {"'foreign server ' || quote_ident(o.srvname)", "pg_foreign_server", "", "o.srvacl",
     "o.srvowner", "'S'", "false"},
};

/// The condition tells what is the server's; what is an extension's is found here. `acl` belongs
/// to column number `part` of the object `oid`, or to the object itself.
std::string from_changed(std::string_view catalog, std::string_view tables, std::string_view oid,
                         std::string_view part, std::string_view condition, std::string_view acl,
                         std::string_view change) {
    return fmt::format(" FROM {1} LEFT JOIN pg_init_privs i ON i.classoid = '{0}'::regclass"
                       " AND i.objoid = {2} AND i.objsubid = {3}"
                       " LEFT JOIN pg_depend d ON d.deptype = 'e'"
                       " AND d.classid = '{0}'::regclass AND d.objid = {2}"
                       " LEFT JOIN pg_extension e ON e.oid = d.refobjid"
                       " CROSS JOIN LATERAL (SELECT {6} AS what) AS change"
                       " WHERE coalesce(e.extname <> 'custody', {2} < 16384 AND {4})"
                       " AND {5} IS NOT NULL AND {5} IS DISTINCT FROM i.initprivs"
                       " AND change.what IS NOT NULL",
                       catalog, tables, oid, part, condition, acl, change);
}

std::string objects(const Owned &object) {
    const auto first = sql::grants(
        fmt::format("coalesce(i.initprivs, acldefault({}, {}))", object.kind, object.owner),
        object.owner);
    return fmt::format("SELECT NULL, NULL, NULL, 'on ' || {}, change.what AS \"grants to *\"",
                       object.name) +
           from_changed(object.catalog, fmt::format("{} o {}", object.catalog, object.joins),
                        "o.oid", "0", object.condition, object.acl,
                        changed(sql::grants(object.acl, object.owner), first));
}

std::string columns() {
    return "SELECT NULL, NULL, NULL, 'on column ' || c.oid::regclass || '.'"
           " || quote_ident(a.attname), change.what AS \"grants to *\"" +
           from_changed("pg_class", "pg_attribute a JOIN pg_class c ON c.oid = a.attrelid", "c.oid",
                        "a.attnum", "true", "a.attacl",
                        changed(sql::grants("a.attacl", "c.relowner"),
                                sql::grants("i.initprivs", "c.relowner")));
}

std::string parameters() {
    return "SELECT NULL, NULL, NULL, 'on parameter ' || p.parname, " +
           sql::grants("p.paracl", "10") + " AS \"grants to *\" FROM pg_parameter_acl p";
}

} // namespace

std::vector<ClassQuery> privilege_queries(int version) {
    std::vector<ClassQuery> queries;
    for (const auto &object : kOwned)
        queries.push_back({"privileges", objects(object)});
    queries.push_back({"privileges", columns()});
    if (version / 10000 >= 15)
        queries.push_back({"privileges", parameters()});
    return queries;
}

} // namespace custody::compare
