#include "loader/probe/probe.hpp"

#include <unistd.h>

#include "loader/core/log.hpp"
#include "loader/pq/same_database.hpp"
#include "loader/probe/outside.hpp"
#include "loader/report/output.hpp"
#include "loader/state/handshake.hpp"
#include "loader/ui/progress.hpp"

namespace custody::probe {
namespace {

void append(Report &report, std::vector<Finding> findings) {
    for (auto &finding : findings)
        report.findings.push_back(std::move(finding));
}

/// The role is who logged in, not whom the connection string names: a service file may say so.
std::string role_of(pq::Connection &connection) {
    return connection.exec("select session_user").str(0, 0);
}

void require_same_database(pq::Connection &admin, pq::Connection &role) {
    if (!pq::same_database(admin, role))
        throw Error(Exit::refused, "probe-other-database",
                    "the role logs in to another database than the target",
                    admin.description() + " and " + role.description(),
                    "name the same database in --target and --role-conninfo");
}

Report attack(pq::Connection &admin, const cli::Options &options) {
    Report report;
    auto role = pq::Connection::open(options.role_conninfo, "custody probe", "role");
    require_same_database(admin, role);
    report.role = role_of(role);
    report.description = admin.description();
    report.version = admin.server_version();
    report.pooler = !options.pooler.empty();
    report.on_clone = options.on_clone;
    report.generated_at = admin
                              .exec("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD "
                                    "HH24:MI:SS') || ' UTC'")
                              .str(0, 0);
    const Plan plan = read_plan(admin, report.role, options.set_role);
    log::info("attacking {} as role {}: inside the server", report.description, plan.bound);
    append(report, probe_inside(admin, plan, options));
    log::info("attacking from outside, {} tables", plan.tables.size());
    Outside outside(plan, options);
    append(report, outside.direct());
    append(report, outside.pooled());
    append(report, outside.committed(admin));
    accept(admin, report.findings);
    return report;
}

} // namespace

Exit probe(const cli::Options &options) {
    if (options.role_conninfo.empty())
        throw Error(Exit::usage, "usage", "no role-conninfo given", {},
                    "write --role-conninfo=CONNINFO: how the application logs in");
    auto admin = pq::Connection::open(options.target, "custody probe", "target");
    state::handshake(admin);
    if (admin.exec("select current_setting('is_superuser')").text(0, 0) != "on")
        throw Error(Exit::refused, "probe-refused", "only a superuser may probe",
                    "a probe acts as other roles and enters contexts of any organization",
                    "let --target log in as a superuser");
    cli::Options known = options;
    if (!known.key_file.empty())
        known.database_id = admin.exec("select custody.database_id()").str(0, 0);
    const Report report = attack(admin, known);
    const bool color = options.output.empty() && ui::use_color(STDOUT_FILENO, options.color);
    const std::string text = options.json ? render_json(report) : render_text(report, color);
    return report::deliver_result(report.held() ? Exit::ok : Exit::unverified, options,
                                  headline(report), text);
}

} // namespace custody::probe
