#include "loader/probe/outside.hpp"

#include <fmt/format.h>

#include "loader/repair/statement.hpp"

namespace custody::probe {

pq::Connection Outside::login() const {
    return pq::Connection::open(options_.role_conninfo, "custody probe", "role");
}

Outcome Outside::become(pq::Connection &connection, const char *how) const {
    if (options_.set_role.empty())
        return {};
    return attempt(connection, how + pq::quote_identifier(options_.set_role));
}

Outcome Outside::enter(pq::Connection &connection, const Table &table,
                       const std::string &org) const {
    Outcome outcome = become(connection, "set local role ");
    if (!outcome.failed())
        outcome = attempt(connection, entry(options_, table, org));
    return outcome;
}

Outcome Outside::begin(pq::Connection &connection, const Table &table) const {
    attempt(connection, "begin");
    return enter(connection, table, table.own);
}

Finding &Outside::found(std::string attack, std::string statement, std::string object) {
    Finding finding;
    finding.object = std::move(object);
    finding.attack = std::move(attack);
    finding.statement = std::move(statement);
    return findings_.emplace_back(std::move(finding));
}

void Outside::read_as_login() {
    for (const auto &table : plan_.tables) {
        auto &finding = found("login_read", "SELECT ... FROM " + table.object, table.object);
        auto connection = login();
        if (entry(options_, table, table.own).statement.empty()) {
            finding.detail = "nobody said how the application enters: --enter, or --key-file";
            continue;
        }
        const Outcome entered = begin(connection, table);
        if (entered.failed()) {
            finding.sqlstate = entered.sqlstate;
            finding.detail = "the context could not be entered: " + entered.message;
            continue;
        }
        const Seen seen = look(connection, table, table.own);
        if (judge_error(finding, seen.outcome))
            continue;
        finding.verdict = seen.others > 0 ? "leak" : seen.own > 0 ? "held" : "inconclusive";
        finding.detail = fmt::format("{} own rows, {} of others", seen.own, seen.others);
        if (seen.own > 0)
            seen_.push_back(table);
    }
    // One context is for tables of one type and organization only.
    if (!seen_.empty())
        std::erase_if(seen_, [first = seen_.front()](const Table &table) {
            return table.org_type != first.org_type || table.own != first.own;
        });
}

void Outside::escape(const std::string &attack, const std::string &statement) {
    auto &finding = found(attack, statement);
    if (seen_.empty()) {
        finding.detail = "no table in which the role sees its own rows";
        return;
    }
    auto connection = login();
    begin(connection, seen_.front());
    if (!judge_error(finding, attempt(connection, statement)))
        judge(finding, connection, seen_, true);
}

void Outside::escapes() {
    escape("reset_role", "RESET ROLE");
    escape("reset_role", "SET ROLE NONE");
    escape("session_authorization", "SET SESSION AUTHORIZATION DEFAULT");
    for (const auto &role : plan_.powerful) {
        escape("session_authorization", "SET SESSION AUTHORIZATION " + role);
        escape("set_role", "SET ROLE " + role);
    }
    escape("row_security_off", "SET row_security = off");
    escape("replica_role", "SET session_replication_role = replica");
    const std::string forged = repair::quote_literal(plan_.forged);
    escape("context_set", "SET custody.context = " + forged);
    escape("context_set_config", "SELECT set_config('custody.context', " + forged + ", false)");
    escape("context_pg_settings",
           "UPDATE pg_settings SET setting = " + forged + " WHERE name = 'custody.context'");
}

void Outside::without_context(const std::string &attack, const std::vector<std::string> &before) {
    std::string text;
    for (const auto &statement : before)
        text += statement + "; ";
    auto &finding = found(attack, text + "SELECT ...");
    if (seen_.empty()) {
        finding.detail = "no table in which the role sees its own rows";
        return;
    }
    auto connection = login();
    for (const auto &statement : before) {
        const Outcome outcome = statement == "(enter)"
                                    ? enter(connection, seen_.front(), seen_.front().own)
                                    : attempt(connection, statement);
        if (judge_error(finding, outcome))
            return;
    }
    if (!judge_error(finding, become(connection, "set role ")))
        judge(finding, connection, seen_, false);
}

void Outside::alter_role() {
    const std::string statement =
        "ALTER ROLE CURRENT_USER SET custody.context = " + repair::quote_literal(plan_.forged);
    auto &finding = found("context_alter_role", statement);
    auto connection = login();
    attempt(connection, "begin");
    const Outcome outcome = attempt(connection, statement);
    if (judge_error(finding, outcome))
        return;
    if (!options_.on_clone) {
        finding.detail = "accepted and rolled back; whether a login then has the context is tried "
                         "with --on-clone";
        return;
    }
    attempt(connection, "commit");
    auto next = login();
    judge(finding, next, seen_, false);
    attempt(connection, "ALTER ROLE CURRENT_USER RESET custody.context");
}

void Outside::prepared() {
    auto &finding = found("prepared_statement", "PREPARE ... in one context, EXECUTE in another");
    if (seen_.empty()) {
        finding.detail = "no table in which the role sees its own rows";
        return;
    }
    const Table &table = seen_.front();
    auto connection = login();
    attempt(connection, "set plan_cache_mode = force_generic_plan");
    begin(connection, table);
    const Outcome first = attempt(
        connection, fmt::format("prepare custody_probe as select {0} from {1} where {0} = {2} "
                                "limit 1",
                                table.exact, table.object, connection.literal(table.own)));
    const Outcome own = attempt(connection, "execute custody_probe");
    attempt(connection, "commit");
    if (judge_error(finding, first) || judge_error(finding, own))
        return;
    attempt(connection, "begin");
    const Outcome entered = enter(connection, table, table.victim);
    const Outcome other = attempt(connection, "execute custody_probe");
    if (judge_error(finding, entered) || judge_error(finding, other))
        return;
    finding.verdict = other.rows > 0 ? "leak" : own.rows > 0 ? "held" : "inconclusive";
    finding.detail = other.rows > 0 ? "the statement showed rows of the former context"
                                    : "no row of the former context";
}

/// A deferred trigger runs at COMMIT, in the context that is then there: there must be but one.
void Outside::second_context() {
    auto &finding = found("deferred_trigger", "enter one organization, then another, then COMMIT");
    if (seen_.empty()) {
        finding.detail = "no table in which the role sees its own rows";
        return;
    }
    auto connection = login();
    begin(connection, seen_.front());
    const Outcome outcome = enter(connection, seen_.front(), seen_.front().victim);
    if (outcome.sqlstate == "55000" || outcome.sqlstate == "28000" || outcome.refused()) {
        finding.verdict = "held";
        finding.sqlstate = outcome.sqlstate;
        finding.detail = "a transaction has one context: " + outcome.message;
    } else if (outcome.failed()) {
        judge_error(finding, outcome);
    } else if (!plan_.deferrable) {
        finding.verdict = "held";
        finding.detail = "the context changed, but no trigger of the tables can be deferred";
        switches_ = true; // tables without rows of two organizations may have one
    } else {
        finding.detail = "the context changed in the transaction, and triggers can be deferred: "
                         "what they then do is tried with --on-clone";
        switches_ = true;
        if (options_.on_clone)
            findings_.pop_back(); // each of them by itself, then
    }
}

std::vector<Finding> Outside::direct() {
    read_as_login();
    escapes();
    without_context("context_after_commit", {"BEGIN", "(enter)", "COMMIT"});
    without_context("context_after_rollback", {"BEGIN", "(enter)", "ROLLBACK"});
    without_context("discard", {"BEGIN", "(enter)", "COMMIT", "DISCARD ALL"});
    without_context("garbage", {"SET request.jwt.claims = 'garbage'"});
    if (!seen_.empty()) {
        const auto &victim = seen_.front().victim;
        std::vector<std::string> forge{
            "SET request.jwt.claims = " +
            repair::quote_literal(fmt::format(
                R"({{"sub":"{0}","org_id":"{0}","app_metadata":{{"org_id":"{0}"}}}})", victim))};
        for (const auto &name : plan_.settings)
            if (name.find("claims") == std::string::npos)
                forge.push_back("SELECT set_config(" + repair::quote_literal(name) + ", " +
                                repair::quote_literal(victim) + ", false)");
        without_context("forged_settings", forge);
    }
    startup("startup_options", "custody.context", plan_.forged, false);
    startup("startup_row_security", "row_security", "off", true);
    startup("startup_replica", "session_replication_role", "replica", true);
    alter_role();
    copies();
    prepared();
    second_context();
    return std::exchange(findings_, {});
}

} // namespace custody::probe
