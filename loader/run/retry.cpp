#include "loader/run/retry.hpp"

#include <set>

#include <fmt/format.h>

#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"

namespace custody::run {
namespace {

constexpr int kLosses = 6;

// What goes away by itself: a statement that somebody cancelled, a conflict with recovery on a
// standby, a deadlock, a lock that was not to be had.
bool passes(const pq::SqlError &error) {
    static const std::set<std::string> states{"57014", "40001", "40P01", "55P03"};
    return error.retryable() || states.contains(error.sqlstate());
}

} // namespace

void Retry::wait_for_server(const pq::SqlError &error) {
    const auto now = std::chrono::steady_clock::now();
    if (!unreachable_) {
        unreachable_ = true;
        unreachable_since_ = now;
        log::warn("{}: {}; waiting for the server, at most {} s", what_, error.what(),
                  worker_.patience().count());
    }
    if (now - unreachable_since_ >= worker_.patience())
        throw Error(
            Exit::partial, "server-gone",
            fmt::format("a server could not be reached for {} s", worker_.patience().count()),
            error.what(),
            "what is done is kept: run the same command again once the server is back; "
            "--wait says how long a run waits");
}

void Retry::after(const pq::SqlError &error) {
    throw_if_stopped();
    if (!passes(error))
        throw;
    worker_.after_failure();
    if (error.could_not_connect()) {
        wait_for_server(error);
    } else {
        unreachable_ = false;
        if (++losses_ > kLosses)
            throw Error(
                Exit::partial, "gave-up",
                fmt::format("{}: gave up after {} attempts: {}", what_, losses_, error.what()),
                error.detail(),
                "the server's log says why it ended the connection or the statement; run "
                "the same command again");
        log::warn("{}: {}; trying again", what_, error.what());
    }
    if (!pause_.wait())
        throw_if_stopped();
}

} // namespace custody::run
