#include "loader/run/worker.hpp"

#include <malloc.h>

#include "loader/core/log.hpp"
#include "loader/core/retry.hpp"
#include "loader/plan/sql.hpp"
#include "loader/pq/session.hpp"

namespace custody::run {
namespace {

constexpr std::uint64_t kGiantRow = 4 << 20;

bool in_good_transaction(const pq::Connection &connection) {
    return connection.alive() && PQtransactionStatus(connection.raw()) == PQTRANS_INTRANS;
}

} // namespace

pq::Connection &Joined::get() {
    drop_if_failed();
    if (!connection_)
        connection_ = snapshot_->join();
    return *connection_;
}

void Joined::drop() noexcept {
    if (!connection_)
        return;
    unpark();
    connection_.reset();
    snapshot_->leave();
}

void Joined::drop_if_failed() noexcept {
    if (connection_ && !in_good_transaction(*connection_))
        drop();
}

void Joined::idle() noexcept {
    drop_if_failed();
    if (!connection_)
        return;
    try {
        snapshot_->offer(*connection_);
    } catch (const std::exception &error) {
        // Whoever needs it next joins again, or hears that the snapshot is lost.
        log::debug("a connection under the snapshot is gone: {}", error.what());
        drop();
    }
}

void Joined::park() noexcept {
    idle(); // one that waits for the snapshot now gets it
    if (connection_ && !parked_)
        snapshot_->park(1);
    parked_ = connection_ != nullptr;
}

void Joined::unpark() noexcept {
    if (parked_)
        snapshot_->park(-1);
    parked_ = false;
}

Worker::Worker(std::string target_conninfo, std::string application_name, copy::Snapshot *snapshot,
               std::chrono::seconds patience, copy::Snapshot *target_snapshot)
    : target_conninfo_(std::move(target_conninfo)), application_name_(std::move(application_name)),
      patience_(patience), source_(snapshot), read_target_(target_snapshot) {}

pq::Connection &Worker::source() { return source_.get(); }

copy::Lease Worker::source_of(const plan::Table &table) {
    return source_.snapshot().lease(source(), plan::source_storage(table));
}

copy::Lease Worker::target_of(const plan::Table &table) {
    return read_target_.snapshot().lease(target(), plan::target_rows(table));
}

pq::Connection &Worker::target() {
    if (read_target_)
        return read_target_.get();
    if (target_ && !target_->alive())
        drop_target();
    if (!target_) {
        auto fresh = std::make_unique<pq::Connection>(
            pq::Connection::open(target_conninfo_, application_name_));
        pq::pin_target(*fresh);
        target_start_ = fresh
                            ->exec("select backend_start from pg_catalog.pg_stat_activity "
                                   "where pid = pg_catalog.pg_backend_pid()")
                            .str(0, 0);
        target_ = std::move(fresh);
    }
    return *target_;
}

void Worker::drop_source() noexcept { source_.drop(); }

void Worker::drop_target() noexcept {
    if (!target_)
        return;
    dropped_.push_back({target_->backend_pid(), target_start_});
    target_.reset();
}

void Worker::await_dropped_backend() {
    for (; !dropped_.empty(); dropped_.pop_back()) {
        const auto backend = dropped_.back();
        Backoff backoff(40, std::chrono::milliseconds(50), std::chrono::milliseconds(500));
        for (int round = 0;; ++round) {
            const auto still = target().query(
                "select case when $3 then pg_catalog.pg_terminate_backend(pid) end "
                "from pg_catalog.pg_stat_activity where pid = $1::int and backend_start = $2",
                std::to_string(backend.pid), backend.start, round > 4 ? "t" : "f");
            if (still.rows() == 0)
                break;
            if (!backoff.wait())
                throw Error(Exit::partial, "backend-left-over",
                            "a backend of a lost connection still runs on the target",
                            "process id " + std::to_string(backend.pid),
                            "end it with pg_terminate_backend and run the same command again");
        }
    }
}

void Worker::forget_giant_row(std::uint64_t longest_row) {
    if (longest_row < kGiantRow)
        return;
    drop_source();
    read_target_.drop();
    malloc_trim(0);
}

void Worker::idle() noexcept {
    source_.idle();
    read_target_.idle();
}

void Worker::park() noexcept {
    source_.park();
    read_target_.park();
}

void Worker::unpark() noexcept {
    source_.unpark();
    read_target_.unpark();
}

namespace {

void confirm(copy::Snapshot &snapshot, std::vector<Worker> &workers,
             pq::Connection &(Worker::*side)()) {
    if (snapshot.held())
        return;
    for (Worker &worker : workers)
        worker.idle();
    snapshot.require_unchanged((workers.front().*side)());
}

} // namespace

void confirm_source(copy::Snapshot &snapshot, std::vector<Worker> &workers) {
    confirm(snapshot, workers, &Worker::source);
}

void confirm_target(copy::Snapshot &snapshot, std::vector<Worker> &workers) {
    confirm(snapshot, workers, &Worker::target);
}

void Worker::after_failure() noexcept {
    source_.drop_if_failed();
    read_target_.drop_if_failed();
    if (!target_)
        return;
    try {
        if (!target_->alive())
            drop_target();
        else if (target_->in_transaction())
            target_->exec("rollback");
    } catch (const std::exception &error) {
        log::debug("rollback after a failure: {}", error.what());
        drop_target();
    }
}

} // namespace custody::run
