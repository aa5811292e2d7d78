// What one client leaves behind for the next on the same server connection. Everything has a name
// of the probe's own and is taken away again.
#include <fmt/format.h>

#include "loader/probe/outside.hpp"

namespace custody::probe {
namespace {

constexpr int kTries = 20;

std::string process(pq::Connection &connection) {
    return attempt(connection, "select pg_backend_pid()").value;
}

} // namespace

bool Outside::in_turn(const std::string &leave, const std::string &take, const std::string &next,
                      const std::string &clean, Outcome &left, Outcome &taken) {
    const Table &table = seen_.front();
    for (int tried = 0; tried < kTries; ++tried) {
        auto first = client();
        auto second = client();
        left = begin(first, table);
        const std::string at = process(first);
        if (!left.failed() && !leave.empty())
            left = attempt(first, leave);
        const Outcome commit = attempt(first, "commit");
        if (!left.failed())
            left = commit;
        attempt(second, "begin");
        const bool met = process(second) == at;
        if (met) {
            if (next.empty())
                become(second, "set local role ");
            else
                enter(second, table, next);
            taken = attempt(second, take);
        }
        attempt(second, "rollback");
        if (!clean.empty())
            attempt(met ? second : first, clean);
        if (met)
            return true;
    }
    return false;
}

void Outside::handed_over(const std::string &attack, const std::string &leave,
                          const std::string &take, const std::string &clean) {
    auto &finding = found(attack, leave + "; the next client: " + take, "pooler");
    Outcome left, taken;
    if (!in_turn(leave, take, seen_.front().victim, clean, left, taken)) {
        finding.detail = "two clients never came to the same server connection";
        return;
    }
    if (!taken.failed() && taken.rows > 0) {
        finding.verdict = "leak";
        finding.detail = "the next client read what the former one left";
        return;
    }
    // Whatever refused to leave or to find it: the next client has nothing of it.
    finding.verdict = "held";
    finding.sqlstate = left.failed() ? left.sqlstate : taken.sqlstate;
    finding.detail = left.failed()    ? "nothing can be left: " + left.message
                     : taken.failed() ? "nothing was left: " + taken.message
                                      : "no row of the former client";
    if (taken.sqlstate == "-----" || left.sqlstate == "-----")
        finding.verdict = "inconclusive";
}

std::vector<Finding> Outside::pooled() {
    findings_.clear();
    if (options_.pooler.empty()) {
        for (const char *attack : {"pooled_context", "pooled_setting", "pooled_temporary_table",
                                   "pooled_prepared", "pooled_cursor", "pooled_statement_text"})
            found(attack, "", "pooler").detail = "no --pooler given";
        return std::exchange(findings_, {});
    }
    if (seen_.empty()) {
        found("pooled_context", "", "pooler").detail =
            "no table in which the role sees its own rows";
        return std::exchange(findings_, {});
    }
    const Table table = seen_.front();
    const std::string own = fmt::format("select {0} from {1} where {0} = {2}", table.exact,
                                        table.object, login().literal(table.own));
    auto &context = found("pooled_context", "enter, COMMIT; the next client: " + own, "pooler");
    Outcome left, taken;
    if (!in_turn("", own, "", "", left, taken))
        context.detail = "two clients never came to the same server connection";
    else if (left.failed())
        context.detail = "the context could not be entered: " + left.message;
    else if (!judge_error(context, taken)) {
        context.verdict = taken.rows > 0 ? "leak" : "held";
        context.detail = taken.rows > 0 ? "the next client has the context of the former one"
                                        : "no row for the next client";
    }
    pooled_setting();
    handed_over(
        "pooled_temporary_table", "create temporary table custody_probe as " + own + " limit 5",
        "select * from pg_temp.custody_probe", "drop table if exists pg_temp.custody_probe");
    handed_over("pooled_prepared", "prepare custody_probe as " + own, "execute custody_probe",
                "deallocate custody_probe");
    handed_over("pooled_cursor", "declare custody_probe cursor with hold for " + own,
                "fetch all from custody_probe", "close custody_probe");
    handed_over("pooled_statement_text", "prepare custody_probe as " + own,
                "select statement from pg_prepared_statements where name = 'custody_probe'",
                "deallocate custody_probe");
    // The statement is the application's own: whether it has values in its text nobody else knows.
    if (auto &text = findings_.back(); text.verdict == "leak") {
        text.verdict = "inconclusive";
        text.detail = "the next client reads the texts of prepared statements, with the values "
                      "that are in them and no parameters";
    }
    return std::exchange(findings_, {});
}

} // namespace custody::probe
