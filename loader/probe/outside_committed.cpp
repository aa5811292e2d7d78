// Attacks that commit, on a copy of the database (--on-clone). They are made by organizations that
// were not there before: what they write of their own is taken away again, and nothing of anybody
// else may have changed. A connection that row security does not bind looks at that.
#include <map>

#include <fmt/format.h>

#include "loader/probe/outside.hpp"

namespace custody::probe {
namespace {

struct Settled {
    long rows = 0;
    std::string change, remove, more;
};

Settled settle(pq::Connection &admin, const std::string &relation, const std::string &org,
               const std::string &role) {
    const auto made = admin.query("select rows, change, remove, more from custody.probe_settle($1, "
                                  "$2, $3)",
                                  relation, org, pq::quote_identifier(role));
    return {made.number<long>(0, 0), made.str(0, 1), made.str(0, 2), made.str(0, 3)};
}

void forget(pq::Connection &admin, const std::string &relations, const std::string &one,
            const std::string &other) {
    admin.query("select custody.probe_forget($1, array[$2, $3])", relations, one, other);
}

using Picture = std::map<std::string, std::string>;

Picture picture(pq::Connection &admin, const std::string &relations, const std::string &org,
                bool own) {
    Picture picture;
    const auto rows = admin.query("select object, picture from custody.probe_picture($1, $2, $3)",
                                  relations, org, own ? "t" : "f");
    for (int row = 0; row < rows.rows(); ++row)
        picture[rows.str(row, 0)] = rows.str(row, 1);
    return picture;
}

/// The tables in which they differ; "" = none.
std::string changed(const Picture &before, const Picture &after) {
    std::string names;
    for (const auto &[object, was] : before)
        if (after.at(object) != was)
            names += (names.empty() ? "" : ", ") + object;
    return names;
}

std::string one(const std::string &relation) { return "{" + relation + "}"; }

} // namespace

Outcome Outside::commit_as(const std::string &org, const std::vector<std::string> &statements,
                           const std::string &then) const {
    auto connection = login();
    attempt(connection, "begin");
    Outcome outcome = enter(connection, seen_.front(), org);
    if (outcome.failed()) {
        outcome.context = "entering"; // which is no refusal of what was to be tried
        return outcome;
    }
    for (const auto &statement : statements)
        if (!outcome.failed())
            outcome = attempt(connection, statement);
    if (!outcome.failed() && !then.empty()) {
        const Outcome switched = enter(connection, seen_.front(), then);
        if (switched.failed())
            return switched;
    }
    const Outcome commit = attempt(connection, "commit");
    return commit.failed() && !outcome.failed() ? commit : outcome;
}

void Outside::blind(Clone &clone, const std::string &object, const std::string &relation,
                    const std::string &attack) {
    auto &finding = found(attack, "", object);
    try {
        const Settled made = settle(clone.admin, relation, clone.own, plan_.bound);
        finding.statement = attack == "committed_delete" ? made.remove : made.change;
        const Outcome outcome = commit_as(clone.own, {finding.statement});
        forget(clone.admin, one(relation), clone.own, clone.other);
        if (judge_error(finding, outcome))
            return;
        finding.verdict = outcome.affected > made.rows    ? "leak"
                          : outcome.affected == made.rows ? "held"
                                                          : "inconclusive";
        finding.detail =
            fmt::format("{} rows were written and committed by an organization that has {}",
                        outcome.affected, made.rows);
    } catch (const pq::SqlError &error) {
        finding.sqlstate = error.sqlstate();
        finding.detail = std::string("a row to write could not be made: ") + error.what();
    }
}

void Outside::cascades(Clone &clone) {
    const auto keys = clone.admin.query(
        "select foreign_key, object, child, parent from custody.probe_crossings($1)",
        clone.relations);
    for (int row = 0; row < keys.rows(); ++row) {
        auto &finding = found("committed_cascade", "", keys.str(row, 1));
        const std::string child = keys.str(row, 2);
        const std::string parent = keys.str(row, 3);
        try {
            settle(clone.admin, parent, clone.own, plan_.bound);
            settle(clone.admin, child, clone.other, plan_.bound);
            const auto cross = clone.admin.query(
                "select point, remove from custody.probe_cross($1, $2, $3, $4)",
                pq::quote_identifier(plan_.bound), keys.str(row, 0), clone.own, clone.other);
            finding.statement = cross.str(0, 0) + "; as the other: " + cross.str(0, 1);
            cascade(clone, finding, {cross.str(0, 0), cross.str(0, 1)}, child);
            forget(clone.admin, "{" + child + "," + parent + "}", clone.own, clone.other);
        } catch (const pq::SqlError &error) {
            finding.verdict = "inconclusive";
            finding.sqlstate = error.sqlstate();
            finding.detail = std::string("rows to attack could not be made: ") + error.what();
        }
    }
}

void Outside::cascade(Clone &clone, Finding &finding, const std::vector<std::string> &statements,
                      const std::string &child) {
    const Outcome pointed = commit_as(clone.other, {statements[0]});
    if (judge_error(finding, pointed)) {
        if (pointed.sqlstate == "23503") {
            finding.verdict = "held";
            finding.detail =
                "no child can point to a parent of another organization: " + pointed.message;
        }
        return;
    }
    const Picture before = picture(clone.admin, one(child), clone.other, true);
    const Outcome removed = commit_as(clone.own, {statements[1]});
    if (judge_error(finding, removed))
        return;
    const std::string gone = changed(before, picture(clone.admin, one(child), clone.other, true));
    finding.verdict = !gone.empty() ? "leak" : removed.affected > 0 ? "held" : "inconclusive";
    finding.detail = !gone.empty() ? "a committed delete changed rows of another organization"
                     : removed.affected > 0 ? "the children of others stayed"
                                            : "the own parent was not reached";
}

void Outside::deferred(Clone &clone) {
    const auto triggers = clone.admin.query(
        "select relation, object, events, sure from custody.probe_deferrable($1)", clone.relations);
    for (int row = 0; row < triggers.rows(); ++row) {
        auto &finding = found("deferred_trigger", "", triggers.str(row, 1));
        const std::string relation = triggers.str(row, 0);
        try {
            const Settled made = settle(clone.admin, relation, clone.own, plan_.bound);
            settle(clone.admin, relation, clone.other, plan_.bound);
            const Picture before = picture(clone.admin, clone.relations, clone.own, false);
            bool fired = triggers.boolean(row, 3);
            for (const char event : triggers.str(row, 2)) {
                const std::string statement = event == 'i'   ? made.more
                                              : event == 'u' ? made.change
                                                             : made.remove;
                finding.statement += statement + "; enter another organization; COMMIT; ";
                const Outcome outcome =
                    commit_as(clone.own, {"set constraints all deferred", statement}, clone.other);
                // Nothing stays of what is refused at COMMIT, whoever refuses it.
                fired &= outcome.sqlstate == "42501" || (!outcome.failed() && outcome.affected > 0);
                finding.sqlstate = outcome.failed() ? outcome.sqlstate : finding.sqlstate;
                finding.detail = outcome.failed() ? outcome.message : finding.detail;
            }
            const std::string written =
                changed(before, picture(clone.admin, clone.relations, clone.own, false));
            finding.verdict = !written.empty() ? "leak" : fired ? "held" : "inconclusive";
            if (!written.empty())
                finding.detail = "at COMMIT, in the context of another organization, it wrote its "
                                 "rows of " +
                                 written;
            else if (finding.detail.empty())
                finding.detail = fired ? "it fired at COMMIT in the context of another "
                                         "organization, and wrote no row of it"
                                       : "it may not have fired: it has a condition, or no row";
        } catch (const pq::SqlError &error) {
            finding.sqlstate = error.sqlstate();
            finding.detail = std::string("rows to attack could not be made: ") + error.what();
        }
        forget(clone.admin, clone.relations, clone.own, clone.other);
    }
}

/// As one organization that is new, and another one for what takes two.
void Outside::carry_out(pq::Connection &admin) {
    const auto targets = admin.exec("select object, relation from custody.probe_targets()");
    Clone clone{admin, "{", "", ""};
    for (int row = 0; row < targets.rows(); ++row)
        clone.relations += (row > 0 ? "," : "") + targets.str(row, 1);
    clone.relations += "}";
    // A number that every type of numbers but int2 takes.
    const auto &type = seen_.front().org_type;
    for (auto *org : {&clone.own, &clone.other})
        *org = admin
                   .query("select custody.probe_fresh($1::regtype, -1, 0)",
                          type == "bigint" ? "int4" : type)
                   .str(0, 0);
    const Picture before = picture(admin, clone.relations, clone.own, false);
    for (const char *attack : {"committed_update", "committed_delete"})
        for (int row = 0; row < targets.rows(); ++row)
            blind(clone, targets.str(row, 0), targets.str(row, 1), attack);
    cascades(clone);
    if (switches_)
        deferred(clone);
    forget(admin, clone.relations, clone.own, clone.other);
    const std::string lost = changed(before, picture(admin, clone.relations, clone.own, false));
    auto &rest = found("committed_rest", "compare the rows of all others before and after");
    rest.verdict = lost.empty() ? "held" : "leak";
    rest.detail = lost.empty() ? fmt::format("{} tables have the same rows of others as before",
                                             targets.rows())
                               : "rows of other organizations changed in " + lost;
}

std::vector<Finding> Outside::committed(pq::Connection &admin) {
    findings_.clear();
    if (!options_.on_clone)
        return {};
    if (seen_.empty()) {
        found("committed_rest", "").detail = "no table in which the role sees its own rows";
        return std::exchange(findings_, {});
    }
    try {
        carry_out(admin);
    } catch (const pq::SqlError &error) {
        auto &rest = found("committed_rest", "");
        rest.sqlstate = error.sqlstate();
        rest.detail = std::string("the rows of others could not be looked at: ") + error.what();
    }
    return std::exchange(findings_, {});
}

} // namespace custody::probe
