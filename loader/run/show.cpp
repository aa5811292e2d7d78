#include "loader/run/show.hpp"

#include "loader/pq/session.hpp"
#include "loader/report/output.hpp"
#include "loader/report/status.hpp"
#include "loader/state/handshake.hpp"

namespace custody::run {

namespace {

// Reads only, so that whoever may read the state may do it.
pq::Connection open_state(const cli::Options &options) {
    auto target = pq::Connection::open(options.target, "custody");
    state::handshake(target);
    pq::pin(target);
    return target;
}

} // namespace

Exit status(const cli::Options &options) {
    auto target = open_state(options);
    report::print_status(options, target);
    return Exit::ok;
}

Exit report(const cli::Options &options) {
    auto target = open_state(options);
    return report::print_latest(options, target).exit;
}

} // namespace custody::run
