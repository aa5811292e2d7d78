#include "loader/lint/lint.hpp"

#include <unistd.h>

#include "loader/core/log.hpp"
#include "loader/lint/collect.hpp"
#include "loader/lint/render.hpp"
#include "loader/report/output.hpp"
#include "loader/ui/progress.hpp"

namespace custody::lint {
namespace {

std::string rendered(const Report &report, const cli::Options &options) {
    if (options.sarif)
        return render_sarif(report);
    if (options.json)
        return render_json(report);
    return render_text(report,
                       options.output.empty() && ui::use_color(STDOUT_FILENO, options.color));
}

} // namespace

Exit lint(const cli::Options &options) {
    auto connection = pq::Connection::open(options.target, "custody lint", "target");
    log::info("reading the catalogs of {}", connection.description());
    auto report = collect(connection, options.org_column);
    report.fail_on = options.fail_on;
    return report::deliver_result(report.failed() ? Exit::unverified : Exit::ok, options,
                                  headline(report), rendered(report, options));
}

} // namespace custody::lint
