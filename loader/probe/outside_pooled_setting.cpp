// A setting made with SET, not SET LOCAL, which the next client of the pooler inherits. The setting
// that policies read is made on a copy only: on a live pooler somebody else could come next.
#include <fmt/format.h>

#include "loader/probe/outside.hpp"
#include "loader/repair/statement.hpp"

namespace custody::probe {
namespace {

constexpr int kTries = 20;
constexpr const char *kMark = "custody_probe.left";

std::string claims(const std::string &org) {
    return fmt::format(R"({{"sub":"{0}","org_id":"{0}","app_metadata":{{"org_id":"{0}"}}}})", org);
}

/// What the entry made it for its transaction, or else the organization itself.
std::string make(const std::string &name, const std::string &org) {
    const bool is_json = name.find("claims") != std::string::npos;
    const std::string quoted = repair::quote_literal(name);
    return fmt::format(
        "select set_config({0}, coalesce(nullif(current_setting({0}, true), ''), {1}), false)",
        quoted, repair::quote_literal(is_json ? claims(org) : org));
}

std::vector<Table> of_victim(const std::vector<Table> &tables) {
    std::vector<Table> others;
    for (const auto &table : tables)
        if (table.victim == tables.front().victim)
            others.emplace_back(table).own = table.victim;
    return others;
}

std::string joined(const std::vector<std::string> &names) {
    std::string text;
    for (const auto &name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

} // namespace

pq::Connection Outside::client() const {
    return pq::Connection::open(options_.pooler, "custody probe", "pooler");
}

Outcome Outside::leave_settings(pq::Connection &first, const std::vector<std::string> &names,
                                std::string &at) const {
    Outcome left = begin(first, seen_.front());
    at = attempt(first, "select pg_backend_pid()").value;
    for (const auto &name : names)
        if (!left.failed())
            left = attempt(first, make(name, seen_.front().own));
    const Outcome commit = attempt(first, "commit");
    return left.failed() ? left : commit;
}

/// In the transaction that `second` has opened on the connection of the former client.
void Outside::judge_inherited(Finding &finding, pq::Connection &second) const {
    const std::string mark =
        attempt(second, fmt::format("select current_setting('{}', true)", kMark)).value;
    become(second, "set local role ");
    judge(finding, second, seen_, false);
    attempt(second, "rollback to custody_client");
    if (finding.verdict == "leak")
        return;
    if (mark.empty()) {
        finding.verdict = "held";
        finding.detail = "the pooler takes settings back before the next client";
        return;
    }
    const auto tables = of_victim(seen_);
    Finding entered = finding;
    if (finding.verdict == "held" && !enter(second, tables.front(), tables.front().own).failed())
        judge(entered, second, tables, true);
    if (entered.verdict == "leak")
        finding = entered;
    else if (finding.verdict == "held" && plan_.settings.empty())
        finding.detail = "the next client inherits settings, and no policy reads one";
    else if (finding.verdict == "held" && !options_.on_clone) {
        finding.verdict = "inconclusive";
        finding.detail = "the next client inherits settings, and policies read " +
                         joined(plan_.settings) + ": what it then sees is tried with --on-clone";
    } else if (finding.verdict == "held")
        finding.detail = "the next client inherits " + joined(plan_.settings) + ", and sees no row";
}

void Outside::pooled_setting() {
    std::vector<std::string> names{kMark};
    if (options_.on_clone)
        names.insert(names.end(), plan_.settings.begin(), plan_.settings.end());
    std::string text;
    std::string reset;
    for (const auto &name : names) {
        text += make(name, seen_.front().own) + "; ";
        reset += "reset " + pq::quote_identifier(name) + "; ";
    }
    auto &finding = found("pooled_setting", text + "COMMIT; the next client: SELECT ...", "pooler");
    finding.detail = "two clients never came to the same server connection";
    for (int tried = 0; tried < kTries; ++tried) {
        auto first = client();
        auto second = client();
        std::string at;
        const Outcome left = leave_settings(first, names, at);
        attempt(second, "begin");
        attempt(second, "savepoint custody_client");
        const bool met = attempt(second, "select pg_backend_pid()").value == at;
        if (met && !judge_error(finding, left))
            judge_inherited(finding, second);
        // Where they did not meet, the former client most likely still finds what it left.
        attempt(second, met ? "rollback to custody_client; " + reset + "commit" : "rollback");
        if (met)
            return;
        attempt(first, reset);
    }
}

} // namespace custody::probe
