// What the two roles may do, and what row security leaves them to see.
#include <set>

#include <fmt/format.h>

#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

// LOCK TABLE and block ranges need the privilege on the table; that on its columns is not enough.
void check_source_tables(Context &context) {
    const Probe probe(context.source);
    const auto rows = context.source.query(
        "SELECT n.nspname || '.' || c.relname, has_schema_privilege(n.oid, 'USAGE')"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = ANY ($1::oid[]) AND NOT (has_schema_privilege(n.oid, 'USAGE')"
        " AND has_table_privilege(c.oid, 'SELECT')) ORDER BY 1",
        source_oids(context.plan));
    for (int i = 0; i < rows.rows(); ++i)
        context.add(
            "source-privilege", rows.str(i, 0),
            fmt::format("role {} lacks {}", context.plan.source.user,
                        rows.boolean(i, 1) ? "SELECT on the table" : "USAGE on its schema"));
}

// Of a part of the database only those that belong to its tables are needed; the audit ledger's own
// numbers go on behind its rows.
void check_source_sequences(Context &context) {
    const Probe probe(context.source);
    const auto rows = context.source.query(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid"
        " AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass"
        " WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
        " AND n.nspname NOT IN ('information_schema', 'custody_ledger') AND ($2::bool OR "
        "d.refobjid = ANY ($1::oid[]))"
        " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass"
        " AND e.objid = c.oid AND e.deptype = 'e')"
        " AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid,"
        " 'SELECT')) ORDER BY 1",
        source_oids(context.plan), context.whole_database() ? "t" : "f");
    for (int i = 0; i < rows.rows(); ++i)
        context.add("source-privilege", rows.str(i, 0),
                    fmt::format("role {} lacks SELECT on the sequence", context.plan.source.user));
}

std::string target_schemas(const plan::Plan &plan) {
    std::set<std::string> names;
    for (const auto &table : plan.tables)
        names.insert(table.target_schema);
    const std::vector<std::string> list(names.begin(), names.end());
    return pq::array_literal(list);
}

void check_target_schemas(Context &context) {
    if (context.options.no_schema)
        return;
    const auto database = context.target.exec(
        "SELECT has_database_privilege(current_database(), 'CREATE'), current_database()");
    if (!database.boolean(0, 0))
        context.add("target-privilege", "database " + database.str(0, 1),
                    fmt::format("role {} lacks CREATE on the database", context.plan.target.user));
    const auto rows =
        context.target.query("SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1::text[])"
                             " AND NOT has_schema_privilege(oid, 'CREATE') ORDER BY 1",
                             target_schemas(context.plan));
    for (int i = 0; i < rows.rows(); ++i)
        context.add("target-privilege", "schema " + rows.str(i, 0),
                    fmt::format("role {} lacks CREATE on the schema", context.plan.target.user));
}

void check_target_tables(Context &context) {
    const Probe probe(context.target);
    const auto rows = context.target.query(
        "SELECT n.nspname || '.' || c.relname, concat_ws(', ',"
        " CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN 'USAGE on its schema' END,"
        " CASE WHEN NOT has_table_privilege(c.oid, 'INSERT') THEN 'INSERT' END,"
        " CASE WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN 'SELECT' END,"
        " CASE WHEN NOT has_table_privilege(c.oid, 'TRUNCATE') THEN 'TRUNCATE' END,"
        " CASE WHEN $2::bool AND NOT pg_has_role(c.relowner, 'USAGE') AND"
        " (c.relhasindex OR EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f'"
        " AND c.oid IN (f.conrelid, f.confrelid)))"
        " THEN 'ownership, to take its indexes and foreign keys aside' END)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = ANY ($1::oid[]) ORDER BY 1",
        target_oids(context.plan), context.options.no_schema ? "t" : "f");
    for (int i = 0; i < rows.rows(); ++i)
        if (!rows.text(i, 1).empty())
            context.add("target-privilege", "table " + rows.str(i, 0),
                        fmt::format("role {} lacks {}", context.plan.target.user, rows.text(i, 1)));
}

void check_replica_role(Context &context) {
    const Probe probe(context.target);
    try {
        context.target.exec("SET LOCAL session_replication_role = replica");
    } catch (const pq::SqlError &error) {
        if (error.sqlstate() != "42501")
            throw;
        context.add("replica-role-denied", "target",
                    fmt::format("role {}: {}", context.plan.target.user, error.what()));
    }
}

} // namespace

void check_privileges(Context &context) {
    check_source_tables(context);
    check_source_sequences(context);
    check_target_schemas(context);
    check_target_tables(context);
    check_replica_role(context);
}

void check_row_security(Context &context) {
    const auto check = [&context](pq::Connection &connection, const char *code,
                                  const std::string &tables, const std::string &user) {
        const Probe probe(connection);
        const auto rows = connection.query(
            "SELECT n.nspname || '.' || c.relname FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE (c.oid = ANY ($1::oid[]) OR c.oid IN (SELECT p.relid FROM unnest($1::oid[])"
            " AS o (oid), pg_partition_tree(o.oid) p WHERE p.isleaf))"
            " AND row_security_active(c.oid) ORDER BY 1",
            tables);
        for (int i = 0; i < rows.rows(); ++i)
            context.add(code, rows.str(i, 0), fmt::format("its policies apply to role {}", user));
    };
    check(context.source, "row-security-source", source_oids(context.plan),
          context.plan.source.user);
    check(context.target, "row-security-target", target_oids(context.plan),
          context.plan.target.user);
}

} // namespace custody::preflight
