// The audit ledgers of both sides.
#include <fmt/format.h>

#include "loader/plan/selection.hpp"
#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

// Not by to_regclass(), which fails for a role without USAGE on the schema.
bool has_ledger(pq::Connection &connection) {
    return connection
        .exec("SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
              "WHERE n.nspname = 'custody_ledger' AND c.relname = 'ledger')")
        .boolean(0, 0);
}

bool readable(pq::Connection &source) {
    return source
        .exec("SELECT has_schema_privilege('custody_ledger', 'USAGE') AND NOT EXISTS (SELECT "
              "FROM pg_class c WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind "
              "IN ('r', 'p') AND NOT has_table_privilege(c.oid, 'SELECT'))")
        .boolean(0, 0);
}

// "" where the role cannot look: receive_ledger() refuses then.
std::string hindrance(pq::Connection &source, pq::Connection &target) {
    const auto there = source.exec("SELECT period FROM custody_ledger.ledger");
    const Probe probe(target);
    try {
        const auto found = target.exec(
            "SELECT l.ledger, EXISTS (SELECT FROM custody_ledger.tx) OR EXISTS (SELECT "
            "FROM custody_ledger.block) OR EXISTS (SELECT FROM custody_ledger.audited), "
            "l.period FROM custody_ledger.ledger l");
        if (found.rows() == 0)
            return "";
        if (found.boolean(0, 1))
            return fmt::format("the target's ledger {} has events", found.text(0, 0));
        if (there.rows() != 0 && there.text(0, 0) != found.text(0, 2))
            return fmt::format("the target's ledger has partitions by {}, the source's by {}",
                               found.text(0, 2), there.text(0, 0));
        return "";
    } catch (const pq::SqlError &error) {
        if (error.connection_lost())
            throw;
        return "";
    }
}

/// Recorded tables of which not all rows come: the ledger that comes along tells of all.
std::string filtered(const Context &context) {
    std::vector<std::string> tables;
    for (const auto &table : context.plan.tables)
        if (!table.row_filter.empty() && !table.extension_config)
            tables.push_back(std::to_string(table.source_oid));
    return context.source
        .query("SELECT string_agg(format('%I.%I', schema, name), ', ' ORDER BY id) "
               "FROM custody_ledger.audited WHERE active AND relid IN (SELECT "
               "coalesce(pg_partition_root(t), t) FROM unnest($1::oid[]) t)",
               pq::array_literal(tables))
        .str(0, 0);
}

} // namespace

void check_ledger(Context &context) {
    if (context.options.no_schema || !has_ledger(context.source))
        return;
    if (!plan::Selection(context.options).everything()) {
        context.add("ledger-stays", "custody_ledger", "it moves with the whole database only");
        return;
    }
    if (!readable(context.source)) {
        context.add("ledger-unreadable", "custody_ledger", "SELECT or USAGE is missing");
        return;
    }
    if (has_ledger(context.target))
        if (const auto why = hindrance(context.source, context.target); !why.empty()) {
            context.add("target-ledger", "custody_ledger", why);
            return;
        }
    if (const auto tables = filtered(context); !tables.empty()) {
        context.add("ledger-contradicted", "custody_ledger",
                    fmt::format("only some rows would come of {}", tables));
        return;
    }
    context.add("ledger-moves", "custody_ledger",
                "its rows are copied as they are; source and target name each other's blocks");
}

} // namespace custody::preflight
