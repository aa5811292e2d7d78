// The tables on the target as they are now, and what fires when they are written.
#include <set>

#include <fmt/format.h>

#include "loader/plan/sql.hpp"
#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

std::string name_of(const plan::Table &table) { return table.schema + "." + table.name; }

// "" when the target has nothing of this name.
std::string kind_on_target(Context &context, const plan::Table &table) {
    const auto rows = context.target.query(
        "SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'"
        " WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index'"
        " WHEN 'c' THEN 'composite type' ELSE 'relation of kind ' || c.relkind::text END"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind NOT IN ('r', 'p')",
        table.target_schema, table.target_name);
    return rows.rows() > 0 ? rows.str(0, 0) : "";
}

void check_missing(Context &context) {
    for (const auto &table : context.plan.tables) {
        if (table.target_exists)
            continue;
        const std::string kind = kind_on_target(context, table);
        const std::string target = table.target_schema + "." + table.target_name;
        if (!kind.empty())
            context.add("table-kind", name_of(table),
                        fmt::format("{} is a {} on the target", target, kind));
        else if (context.options.no_schema)
            context.add("table-missing", name_of(table),
                        fmt::format("the target has no table {}", target));
    }
}

bool holds_rows(Context &context, const plan::Table &table) {
    const std::string condition = table.extension_config && !table.row_filter.empty()
                                      ? fmt::format(" WHERE ({}\n)", table.row_filter)
                                      : "";
    return context.target
        .exec(fmt::format("SELECT EXISTS (SELECT FROM {}{})", plan::target_rows(table), condition))
        .boolean(0, 0);
}

void check_rows(Context &context) {
    std::set<std::string> seen;
    for (const auto &table : context.plan.tables) {
        const std::string target = plan::target_relation(table);
        if (!table.target_exists || !seen.insert(target).second)
            continue;
        const Probe probe(context.target);
        try {
            if (!holds_rows(context, table))
                continue;
        } catch (const pq::SqlError &error) {
            if (error.sqlstate() != "42501")
                throw;
            continue; // the missing privilege is a finding of its own
        }
        if (context.options.truncate_target)
            context.add("target-not-empty", plan::Severity::info, name_of(table),
                        fmt::format("{} holds rows and is emptied", target));
        else
            context.add("target-not-empty", name_of(table), fmt::format("{} holds rows", target));
    }
}

// There and back, as the count of lossy rows will do it.
void check_casts(Context &context) {
    for (const auto &table : context.plan.tables) {
        for (const auto &column : table.columns) {
            if (!column.lossy_checked || column.cast.empty())
                continue;
            const Probe probe(context.source);
            try {
                context.source.exec(fmt::format("SELECT NULL::{}::{}::{}::text", column.type,
                                                column.cast, column.type));
            } catch (const pq::SqlError &error) {
                if (error.connection_lost())
                    throw;
                context.add("cast-impossible", name_of(table) + "." + column.name, error.what());
            }
        }
    }
}

// The condition is the user's own SQL: better refused now than in the middle of the copy.
void check_filters(Context &context) {
    for (const auto &table : context.plan.tables) {
        if (table.row_filter.empty() || table.extension_config)
            continue;
        const Probe probe(context.source);
        try {
            context.source.exec(fmt::format("SELECT FROM ONLY {} WHERE ({}\n) LIMIT 0",
                                            pq::qualified(table.schema, table.name),
                                            table.row_filter));
        } catch (const pq::SqlError &error) {
            if (error.connection_lost())
                throw;
            context.add("filter-invalid", name_of(table), error.what());
        }
    }
}

void check_unlogged(Context &context) {
    for (const auto &table : context.plan.tables)
        if (table.persistence == "u")
            context.add(context.plan.source.in_recovery ? "unlogged-unreadable" : "unlogged-table",
                        name_of(table), "relpersistence is u");
}

// Tables and their indexes; 0 is the database's own tablespace.
void check_tablespaces(Context &context) {
    if (context.options.no_schema)
        return;
    const auto used = context.source.query(
        "SELECT s.spcname, min(c.oid::regclass::text), count(*)"
        " FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace"
        " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE coalesce(i.indrelid, c.oid) = ANY ($1::oid[]) GROUP BY 1 ORDER BY 1",
        source_oids(context.plan));
    for (int i = 0; i < used.rows(); ++i) {
        const auto found =
            context.target.query("SELECT FROM pg_tablespace WHERE spcname = $1", used.str(i, 0));
        if (found.rows() == 0)
            context.add(
                "tablespace-missing", used.str(i, 0),
                fmt::format("{} and {} more live in it", used.text(i, 1), used.number(i, 2) - 1));
    }
}

// One event stands for a copy into them, and only who has the duty may have it so.
void check_audited(Context &context) {
    const Probe probe(context.target);
    const auto rows = context.target.query(
        "SELECT DISTINCT t.tgrelid::regclass::text, has_function_privilege("
        "'custody.begin_load(regclass)', 'EXECUTE')"
        " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " JOIN pg_namespace s ON s.oid = p.pronamespace"
        " WHERE s.nspname = 'custody' AND p.proname = 'capture' AND t.tgrelid = ANY ($1::oid[])"
        " ORDER BY 1",
        target_oids(context.plan));
    for (int i = 0; i < rows.rows(); ++i) {
        const auto table = rows.str(i, 0);
        if (rows.boolean(i, 1))
            context.add("audited-table", table,
                        "each copy into it is one event of the ledger; a baseline follows");
        else
            context.add("audited-table-privilege", table,
                        "the role may not execute custody.begin_load()");
    }
}

} // namespace

void check_tables(Context &context) {
    check_missing(context);
    check_audited(context);
    check_rows(context);
    check_casts(context);
    check_filters(context);
    check_unlogged(context);
    check_tablespaces(context);
}

// custody's own triggers know the loader and let it through.
void check_triggers(Context &context) {
    const Probe probe(context.target);
    // 4 = INSERT, 32 = TRUNCATE; leaves of a root fire their own.
    const auto rows = context.target.query(
        "SELECT t.tgname, t.tgrelid::regclass::text, t.tgenabled"
        " FROM (SELECT unnest($1::oid[]) AS relid UNION SELECT p.relid::oid"
        " FROM unnest($1::oid[]) AS o (oid), pg_partition_tree(o.oid) p) r"
        " JOIN pg_trigger t ON t.tgrelid = r.relid JOIN pg_proc p ON p.oid = t.tgfoid"
        " JOIN pg_namespace s ON s.oid = p.pronamespace"
        " WHERE t.tgenabled IN ('A', 'R') AND NOT t.tgisinternal AND (t.tgtype & 36) <> 0"
        " AND s.nspname <> 'custody' ORDER BY 2, 1",
        target_oids(context.plan));
    for (int i = 0; i < rows.rows(); ++i)
        context.add("target-trigger", rows.str(i, 1),
                    fmt::format("trigger {} is ENABLE {}", rows.text(i, 0),
                                rows.text(i, 2) == "A" ? "ALWAYS" : "REPLICA"));
    const auto events = context.target.exec(
        "SELECT e.evtname, e.evtenabled FROM pg_event_trigger e JOIN pg_proc p ON p.oid ="
        " e.evtfoid JOIN pg_namespace s ON s.oid = p.pronamespace"
        " WHERE e.evtenabled IN ('A', 'R') AND s.nspname <> 'custody' ORDER BY 1");
    for (int i = 0; i < events.rows(); ++i)
        context.add(
            "target-event-trigger", events.str(i, 0),
            fmt::format("it is ENABLE {}", events.text(i, 1) == "A" ? "ALWAYS" : "REPLICA"));
}

} // namespace custody::preflight
