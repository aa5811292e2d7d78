// A worker thread's connections: opened when first needed, replaced when they break.
// Used by one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "loader/copy/snapshot.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::run {

/// A connection under a snapshot that workers share, joined when first needed and again when it
/// breaks.
class Joined {
  public:
    /// The snapshot outlives it; nullptr where that side is not read, or not under a snapshot.
    explicit Joined(copy::Snapshot *snapshot) : snapshot_(snapshot) {}
    ~Joined() { drop(); }
    Joined(Joined &&) noexcept = default;
    Joined &operator=(Joined &&) = delete;

    explicit operator bool() const { return snapshot_ != nullptr; }
    copy::Snapshot &snapshot() { return *snapshot_; }
    /// In a read-only transaction.
    pq::Connection &get();
    void drop() noexcept;
    void drop_if_failed() noexcept;
    /// As those of Worker.
    void idle() noexcept;
    void park() noexcept;
    void unpark() noexcept;

  private:
    copy::Snapshot *snapshot_;
    std::unique_ptr<pq::Connection> connection_;
    bool parked_ = false;
};

class Worker {
  public:
    /// `snapshot` may be nullptr where the source is not read. It outlives the worker.
    /// `patience` is how long a server that went away is waited for. With a snapshot of the target
    /// that one is only read, under it.
    Worker(std::string target_conninfo, std::string application_name, copy::Snapshot *snapshot,
           std::chrono::seconds patience, copy::Snapshot *target_snapshot = nullptr);
    Worker(Worker &&) noexcept = default;
    Worker &operator=(Worker &&) = delete;

    /// In a read-only transaction under the run's snapshot.
    pq::Connection &source();
    /// The same, to read one table of the source: use it no longer than the lease lives.
    copy::Lease source_of(const plan::Table &table);
    /// Pinned for writing, outside a transaction; under the target's snapshot where there is one.
    pq::Connection &target();
    /// To read one table of the target under its snapshot, as source_of() does.
    copy::Lease target_of(const plan::Table &table);

    void drop_source() noexcept;
    /// Closes the target connection and remembers its backend for await_dropped_backend().
    void drop_target() noexcept;

    /// Waits until the backends of dropped target connections have ended, so that what they were
    /// committing is decided; ends them when they take longer than a moment.
    void await_dropped_backend();

    /// libpq's buffers never shrink: after a row this long the connections are opened anew.
    void forget_giant_row(std::uint64_t longest_row);

    /// Between jobs: keeps the snapshot alive when its holder has died.
    void idle() noexcept;
    /// Around the time in which no thread works with it: nobody may wait for it to export the
    /// snapshot then.
    void park() noexcept;
    void unpark() noexcept;
    std::chrono::seconds patience() const { return patience_; }
    /// Leaves no transaction of a failed job behind.
    void after_failure() noexcept;

  private:
    std::string target_conninfo_;
    std::string application_name_;
    std::chrono::seconds patience_;
    Joined source_, read_target_;
    std::unique_ptr<pq::Connection> target_;
    struct Backend {
        int pid = 0;
        std::string start;
    };
    std::vector<Backend> dropped_; // may still run
    std::string target_start_;
};

/// When all has been read and no thread uses the workers: throws "snapshot-lost" when a relation
/// was truncated or rewritten in a moment without a holder of the locks, and read as empty.
void confirm_source(copy::Snapshot &snapshot, std::vector<Worker> &workers);
/// The same of the target's snapshot.
void confirm_target(copy::Snapshot &snapshot, std::vector<Worker> &workers);

} // namespace custody::run
