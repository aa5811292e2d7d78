#include "loader/run/run_lock.hpp"

#include <chrono>

#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/retry.hpp"
#include "loader/core/signals.hpp"
#include "loader/run/run.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

constexpr auto kPing = std::chrono::milliseconds(500);

} // namespace

RunLock::RunLock(const cli::Options &options, pq::Connection &control,
                 const state::Migration &migration)
    : options_(options), control_(control), migration_(migration), thread_([this] { watch(); }) {}

RunLock::~RunLock() { stop(); }

void RunLock::stop() noexcept {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void RunLock::watch() {
    std::unique_lock guard(mutex_);
    while (!taken_over_ && !changed_.wait_for(guard, kPing, [this] { return stopping_; })) {
        guard.unlock();
        keep();
        guard.lock();
    }
}

/// True when `control` is alive and holds the lock.
bool RunLock::keep() {
    try {
        if (control_.alive()) {
            control_.exec("select 1");
            return true;
        }
        return take_again();
    } catch (const Error &error) {
        if (error.code() == "run-taken-over") {
            taken_over_ = error;
            request_stop();
        } else if (!stop_requested()) {
            log::warn("the connection that holds the run's lock is gone: {}", error.what());
        }
        return false;
    }
}

bool RunLock::take_again() {
    auto fresh = open_target(options_);
    failpoint("lock.before_take_again");
    if (const auto holder = state::lock_run(fresh, migration_.id(), std::chrono::milliseconds(0))) {
        // The server may take longer than we to notice that the old connection is gone.
        if (holder->pid != control_.backend_pid())
            throw Error(Exit::partial, "run-taken-over",
                        "another run has taken over migration \"" + migration_.name() + "\"",
                        state::describe(*holder), "let the other run end; custody status shows it");
        fresh.query("select pg_catalog.pg_terminate_backend($1::int4)",
                    std::to_string(holder->pid));
        return false;
    }
    {
        state::Transaction transaction(fresh);
        migration_.join_run(fresh);
        transaction.commit();
    }
    control_ = std::move(fresh);
    log::warn("the run's lock is held by another connection now");
    return true;
}

void RunLock::end() {
    stop();
    Backoff backoff(8);
    while (!taken_over_ && !keep())
        if (!backoff.wait())
            throw Error(Exit::connection, "run-lock-lost",
                        "the lock of the run is lost and cannot be taken again",
                        "the target cannot be reached, or ends our connections",
                        "what is done is kept: run the same command again to go on");
    if (taken_over_)
        throw Error(*taken_over_);
}

void RunLock::end_after_failure() {
    stop();
    if (taken_over_)
        throw Error(*taken_over_);
}

} // namespace custody::run
