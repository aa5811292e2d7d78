#include "loader/repair/script.hpp"

#include <map>

#include <fmt/format.h>

#include "loader/repair/statement.hpp"

namespace custody::repair {
namespace {

constexpr std::string_view kUsage =
    "--\n"
    "-- Run it on the target: psql -X -f FILE. Each batch is a transaction of its own. A row is\n"
    "-- changed only as long as it is what it was when this was made; otherwise the script stops\n"
    "-- with an error, and \"custody repair\" makes a new one. Triggers, constraints and row\n"
    "-- security act as for anyone.\n";

constexpr std::string_view kGuard =
    "CREATE OR REPLACE FUNCTION pg_temp.custody_touched(what pg_catalog.text, expected bigint, "
    "touched bigint)\n"
    "    RETURNS SETOF void LANGUAGE plpgsql AS $custody$\n"
    "BEGIN\n"
    "    IF touched OPERATOR(pg_catalog.<>) expected THEN\n"
    "        RAISE EXCEPTION 'custody: %: % rows touched, % expected', what, touched, expected\n"
    "            USING HINT = 'the row is not what it was when this script was made, or a trigger "
    "or row security is in the way: run custody repair again';\n"
    "    END IF;\n"
    "END\n"
    "$custody$;\n";

std::string counted(const Counts &counts) {
    return fmt::format("{} to insert, {} to update, {} to delete", counts.inserts, counts.updates,
                       counts.deletes);
}

/// A name in a comment: a line break would end it.
std::string on_one_line(std::string text) {
    for (auto &c : text)
        if (static_cast<unsigned char>(c) < 0x20)
            c = ' ';
    return text;
}

void write_head(const ScriptHead &head, const Schema &schema, const Order &order,
                const Sink &sink) {
    Counts all;
    std::map<std::string, Counts> tables;
    for (const auto &unit : order.units)
        for (const auto &change : unit.changes) {
            all.add(change);
            tables[on_one_line(schema.tables[change.table].name())].add(change);
        }
    sink(fmt::format("-- custody repair {}, made at {}\n", CUSTODY_VERSION, head.made_at));
    sink(fmt::format("-- source: {} at {}\n", on_one_line(head.source), head.source_lsn));
    sink(fmt::format("-- target: {} at {}\n", on_one_line(head.target), head.target_lsn));
    sink(fmt::format("-- rows: {}\n", counted(all)));
    for (const auto &[name, counts] : tables)
        sink(fmt::format("--   {}: {}\n", name, counted(counts)));
    for (const auto &[change, reason] : order.refused)
        sink(fmt::format("-- left out: {} {}: {}\n", action_name(change.action),
                         describe(schema, change), reason));
    sink(kUsage);
    if (order.units.empty())
        sink("-- Nothing is to be done.\n");
}

void write_change(const Schema &schema, const Change &change, const Sink &sink) {
    const auto what = fmt::format("{} {}", action_name(change.action), describe(schema, change));
    const auto counted_query = [&](const std::string &sql) {
        sink("WITH touched AS (");
        sink(sql);
        sink(fmt::format(")\nSELECT pg_temp.custody_touched({}, {}, "
                         "pg_catalog.count(*)) FROM touched;\n",
                         quote_literal(what), change.count));
    };
    sink(fmt::format("-- {}\n", what));
    if (const auto lock = lock_of(schema, change, Style::literals))
        counted_query(lock->sql);
    counted_query(statement_of(schema, change, Style::literals).sql + " RETURNING 1");
}

void write_unit(const Schema &schema, const Unit &unit, const Sink &sink) {
    for (const auto &name : unit.deferred)
        sink(fmt::format("SET CONSTRAINTS {} DEFERRED;\n", name));
    for (const auto &change : unit.changes)
        write_change(schema, change, sink);
    for (const auto &name : unit.deferred)
        sink(fmt::format("SET CONSTRAINTS {} IMMEDIATE;\n", name));
}

} // namespace

void Counts::add(const Change &change) {
    if (change.step)
        return;
    (change.action == Action::insert   ? inserts
     : change.action == Action::update ? updates
                                       : deletes) += change.count;
}

std::span<const Unit> next_batch(std::span<const Unit> units, std::size_t first,
                                 std::uint64_t batch_rows) {
    std::size_t last = first;
    std::uint64_t rows = 0;
    while (last < units.size() && (last == first || rows + units[last].rows() <= batch_rows))
        rows += units[last++].rows();
    return units.subspan(first, last - first);
}

void write_script(const ScriptHead &head, const Schema &schema, const Order &order,
                  std::uint64_t batch_rows, const Sink &sink) {
    write_head(head, schema, order, sink);
    if (order.units.empty())
        return;
    sink("\n\\set ON_ERROR_STOP on\n\\pset tuples_only on\n\\pset format unaligned\n");
    sink(session_settings());
    sink(kGuard);
    std::size_t number = 0;
    for (std::size_t first = 0; first < order.units.size();) {
        const auto batch = next_batch(order.units, first, batch_rows);
        sink(fmt::format("\n-- batch {}\nBEGIN;\n", ++number));
        for (const auto &unit : batch)
            write_unit(schema, unit, sink);
        sink("COMMIT;\n");
        first += batch.size();
    }
}

} // namespace custody::repair
