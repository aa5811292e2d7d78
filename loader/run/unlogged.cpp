#include "loader/run/unlogged.hpp"

#include "common/protocol.hpp"

namespace custody::run {

std::vector<int> emptied_tables(pq::Connection &target,
                                const std::vector<state::TableRow> &tables) {
    std::vector<int> emptied;
    for (const auto &table : tables) {
        if (table.persistence != "u" || table.state == protocol::table_state::kPending ||
            table.source_rows.value_or(0) == 0)
            continue;
        const auto relation = pq::qualified(table.target_schema, table.target_table);
        const bool exists =
            !target.query("select pg_catalog.to_regclass($1)", relation).is_null(0, 0);
        if (exists &&
            !target.exec("select exists (select from only " + relation + ")").boolean(0, 0))
            emptied.push_back(table.id);
    }
    return emptied;
}

} // namespace custody::run
