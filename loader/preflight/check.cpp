#include "loader/preflight/check.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "loader/preflight/context.hpp"
#include "loader/state/handshake.hpp"

namespace custody::preflight {

Probe::Probe(pq::Connection &connection) : connection_(connection) {
    connection_.exec("BEGIN; SET LOCAL search_path = ''");
}

Probe::~Probe() {
    if (!connection_.alive())
        return;
    try {
        connection_.exec("ROLLBACK");
    } catch (const Error &) {
        // The next statement on the connection reports what is wrong with it.
    }
}

std::string source_oids(const plan::Plan &plan) {
    std::vector<std::uint32_t> oids;
    for (const auto &table : plan.tables) {
        oids.push_back(table.source_oid);
        for (const auto &leaf : table.leaves)
            oids.push_back(leaf.oid);
    }
    return fmt::format("{{{}}}", fmt::join(oids, ","));
}

std::string target_oids(const plan::Plan &plan) {
    std::set<std::uint32_t> oids;
    for (const auto &table : plan.tables)
        if (table.target_exists)
            oids.insert(table.target_oid);
    return fmt::format("{{{}}}", fmt::join(oids, ","));
}

std::vector<plan::Finding> check(pq::Connection &source, pq::Connection &target,
                                 const plan::Plan &plan, const cli::Options &options) {
    Context context{source, target, plan, options, {}};
    check_servers(context);
    check_poolers(context);
    const auto fatal = [](const plan::Finding &finding) {
        return finding.severity == plan::Severity::blocking;
    };
    // The wrong server, or a session that is not ours, makes nonsense of everything else.
    if (std::any_of(context.findings.begin(), context.findings.end(), fatal))
        return std::move(context.findings);
    state::handshake(target);
    for (const auto group : {check_privileges, check_row_security, check_tables, check_triggers,
                             check_roles, check_ledger, check_extensions, check_collations,
                             check_large_objects, check_budget, check_room})
        group(context);
    return std::move(context.findings);
}

} // namespace custody::preflight
