#include "loader/probe/session.hpp"

#include <fmt/format.h>

namespace custody::probe {

namespace {

template <typename Run> Outcome outcome_of(const Run &run) {
    Outcome outcome;
    try {
        const pq::Result result = run();
        outcome.rows = result.rows();
        outcome.affected = static_cast<long>(result.affected());
        if (result.rows() > 0 && result.columns() > 0)
            outcome.value = result.str(0, 0);
    } catch (const pq::SqlError &error) {
        outcome.sqlstate = error.sqlstate().empty() ? "-----" : error.sqlstate();
        outcome.message = error.what();
        outcome.context = error.context();
    }
    return outcome;
}

} // namespace

Outcome attempt(pq::Connection &connection, const std::string &statement) {
    return outcome_of([&] { return connection.exec(statement); });
}

Outcome attempt(pq::Connection &connection, const Entry &entry) {
    return outcome_of([&] { return connection.query(entry.statement, entry.parameter); });
}

Seen look(pq::Connection &connection, const Table &table, const std::string &own) {
    Seen seen;
    try {
        const auto result = connection.exec(fmt::format(
            "select count(*) filter (where o is distinct from {0}), count(*) filter (where o = "
            "{0}) from (select {1} as o from {2} limit 10000) r",
            connection.literal(own), table.exact, table.object));
        seen.others = result.number<long>(0, 0);
        seen.own = result.number<long>(0, 1);
    } catch (const pq::SqlError &error) {
        seen.outcome = {error.sqlstate(), error.what(), error.context(), 0, ""};
    }
    return seen;
}

bool judge_error(Finding &finding, const Outcome &outcome) {
    if (!outcome.failed())
        return false;
    finding.sqlstate = outcome.sqlstate;
    finding.detail = outcome.message;
    finding.verdict = outcome.refused() ? "held" : "inconclusive";
    return true;
}

void judge(Finding &finding, pq::Connection &connection, const std::vector<Table> &tables,
           bool entered) {
    finding.verdict = tables.empty() ? "inconclusive" : "held";
    finding.detail = tables.empty() ? "no table in which the role sees its own rows"
                                    : "no row of another organization";
    const bool in_transaction = connection.in_transaction();
    for (const auto &table : tables) {
        if (in_transaction)
            attempt(connection, "savepoint custody_probe");
        const Seen seen = look(connection, table, table.own);
        if (in_transaction)
            attempt(connection, "rollback to custody_probe");
        const bool leaks = seen.others > 0 || (!entered && seen.own > 0);
        if (leaks) {
            finding.verdict = "leak";
            finding.detail = fmt::format("{} rows of {} were read",
                                         seen.others + seen.own * !entered, table.object);
            return;
        }
        if (seen.outcome.failed() && !seen.outcome.refused()) {
            finding.verdict = "inconclusive";
            finding.sqlstate = seen.outcome.sqlstate;
            finding.detail = seen.outcome.message;
        } else if (seen.outcome.failed()) {
            finding.sqlstate = seen.outcome.sqlstate;
            finding.detail = seen.outcome.message;
        } else if (entered && seen.own == 0) {
            finding.verdict = "inconclusive";
            finding.detail = "the own row of " + table.object + " is not seen any more";
        }
    }
}

} // namespace custody::probe
