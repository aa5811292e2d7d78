// Keeps the lock of a run while its workers work: the lock belongs to a session, so a thread
// watches the session's connection and takes the lock again on a new one when it breaks. Meanwhile
// no other run can do harm: see state::Migration::join_run(). When another run has begun, the
// thread asks all workers to stop and end() throws.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "loader/cli/options.hpp"
#include "loader/pq/connection.hpp"
#include "loader/state/migration.hpp"

namespace custody::run {

class RunLock {
  public:
    /// `control` holds the lock, and belongs to the thread until end().
    RunLock(const cli::Options &options, pq::Connection &control,
            const state::Migration &migration);
    ~RunLock();
    RunLock(const RunLock &) = delete;
    RunLock &operator=(const RunLock &) = delete;

    /// Stops watching; `control` is alive and holds the lock. Throws Error (run-taken-over, or the
    /// target cannot be reached).
    void end();
    /// Stops watching. Throws Error only when another run has begun.
    void end_after_failure();

  private:
    void watch();
    void stop() noexcept;
    bool keep();
    bool take_again();

    const cli::Options &options_;
    pq::Connection &control_;
    state::Migration migration_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::optional<Error> taken_over_; // written by the thread, read after its end
    std::thread thread_;
};

} // namespace custody::run
