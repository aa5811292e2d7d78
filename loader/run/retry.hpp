// Work that is done again when a connection breaks under it: the state is read anew each time, so
// work whose COMMIT went through although its answer was lost is found done.
// Two limits: a server that cannot be reached is waited for as long as Worker::patience() says;
// work that loses its connection again and again fails after some attempts.
#pragma once

#include <chrono>
#include <string>

#include "loader/core/retry.hpp"
#include "loader/pq/connection.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Decides after each failure; one object for one piece of work.
class Retry {
  public:
    Retry(Worker &worker, std::string what) : worker_(worker), what_(std::move(what)) {}

    /// Returns when the work is to be done again; throws otherwise: the stop that was asked for,
    /// `error` itself, or Error "server-gone" or "gave-up" (both can be resumed).
    void after(const pq::SqlError &error);

  private:
    void wait_for_server(const pq::SqlError &error);

    Worker &worker_;
    std::string what_;
    int losses_ = 0;
    std::chrono::steady_clock::time_point unreachable_since_{};
    bool unreachable_ = false;
    Backoff pause_{1 << 20, std::chrono::milliseconds(200), std::chrono::seconds(5)};
};

/// `what` is for messages: "copy of public.users". Runs work() until it succeeds.
template <typename Work>
auto with_retry(Worker &worker, const std::string &what, const Work &work) -> decltype(work()) {
    Retry retry(worker, what);
    for (;;) {
        try {
            worker.await_dropped_backend();
            return work();
        } catch (const pq::SqlError &error) {
            retry.after(error);
        }
    }
}

} // namespace custody::run
