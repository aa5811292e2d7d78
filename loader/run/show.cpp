#include "loader/run/show.hpp"

#include "loader/report/output.hpp"
#include "loader/report/status.hpp"
#include "loader/run/run.hpp"

namespace custody::run {

Exit status(const cli::Options &options) {
    auto target = open_target(options);
    report::print_status(options, target);
    return Exit::ok;
}

Exit report(const cli::Options &options) {
    auto target = open_target(options);
    return report::print_latest(options, target).exit;
}

} // namespace custody::run
