#include "loader/probe/plan.hpp"

#include "loader/token/token.hpp"

namespace custody::probe {
namespace {

std::vector<std::string> column(const pq::Result &result) {
    std::vector<std::string> values;
    for (int row = 0; row < result.rows(); ++row)
        values.push_back(result.str(row, 0));
    return values;
}

// Those that the role is a member of, first and all that matter: when the fiftieth is not held, the
// first was not. Of the others, whom the server refuses by one rule, some.
constexpr const char *kPowerful =
    "select name from (select quote_ident(r.rolname) as name, m.member, "
    "row_number() over (order by m.member desc, r.rolsuper desc, r.rolname) as n "
    "from pg_catalog.pg_roles r, pg_catalog.pg_has_role($1::name, r.oid, 'MEMBER') m (member) "
    "where r.rolname <> $1::name and (r.rolsuper or r.rolbypassrls or r.oid in (select c.relowner "
    "from pg_catalog.pg_class c where c.relrowsecurity))) x "
    "where n <= case when member then 50 else 5 end order by n";

constexpr const char *kDeferrable =
    "select exists (select from pg_catalog.pg_trigger t where t.tgdeferrable and not "
    "t.tgisinternal and t.tgrelid = any ($1::text[]::regclass[]))";

} // namespace

Plan read_plan(pq::Connection &admin, const std::string &role, const std::string &set_role) {
    Plan plan;
    plan.role = role;
    plan.bound = set_role.empty() ? role : set_role;
    const auto tables = admin.exec("select object, exact, org_type, own_org, victim_org, own_key "
                                   "from custody.probe_plan()");
    std::vector<std::string> names;
    for (int row = 0; row < tables.rows(); ++row) {
        plan.tables.push_back({tables.str(row, 0), tables.str(row, 1), tables.str(row, 2),
                               tables.str(row, 3), tables.str(row, 4), tables.str(row, 5)});
        names.push_back(plan.tables.back().object);
    }
    plan.powerful = column(admin.query(kPowerful, role));
    const std::string array = pq::array_literal(names);
    plan.settings = column(
        admin.query("select unnest(custody.probe_settings($1::text[]::regclass[]::oid[]))", array));
    plan.deferrable = admin.query(kDeferrable, array).boolean(0, 0);
    if (!plan.tables.empty())
        plan.forged = admin
                          .query("select custody.probe_forged($1, $2)", plan.tables[0].victim,
                                 plan.tables[0].org_type)
                          .str(0, 0);
    return plan;
}

std::vector<Finding> probe_inside(pq::Connection &admin, const Plan &plan,
                                  const cli::Options &options) {
    const auto result = admin.query(
        "select object, attack, verdict, statement, detail, sqlstate, accepted from "
        "custody.probe_isolation($1::regrole, on_clone => $2::bool, enter => nullif($3, '')) "
        "where object <> 'session'",
        pq::quote_identifier(plan.bound), options.on_clone ? "t" : "f", options.enter);
    std::vector<Finding> findings;
    for (int row = 0; row < result.rows(); ++row)
        findings.push_back({result.str(row, 0), result.str(row, 1), result.str(row, 2),
                            result.str(row, 3), result.str(row, 4), result.str(row, 5),
                            result.optional(row, 6), "inside"});
    return findings;
}

Entry entry(const cli::Options &options, const Table &table, const std::string &org) {
    if (!options.enter.empty())
        return {options.enter, org};
    if (options.key_file.empty())
        return {};
    cli::Options token = options;
    token.orgs = {org};
    token.org_type = table.org_type;
    if (token.user.empty())
        token.user = "00000000-0000-8000-8000-000000000000"; // nobody; policies cast it to uuid
    return {"select custody.enter($1)", mint::minted(token)};
}

void accept(pq::Connection &admin, std::vector<Finding> &findings) {
    for (auto &finding : findings) {
        if (finding.verdict != "inconclusive" || finding.accepted)
            continue;
        const auto found =
            admin.query("select format('%s (until %s)', reason, expires) from custody.exemption "
                        "where tool = 'probe' and code = $1 and custody.is_exempted($2, object) "
                        "and expires > now() limit 1",
                        finding.attack, finding.object);
        if (found.rows() > 0)
            finding.accepted = found.str(0, 0);
    }
}

} // namespace custody::probe
