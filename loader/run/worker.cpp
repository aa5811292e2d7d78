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

Worker::Worker(std::string target_conninfo, std::string application_name, copy::Snapshot *snapshot,
               std::chrono::seconds patience)
    : target_conninfo_(std::move(target_conninfo)), application_name_(std::move(application_name)),
      snapshot_(snapshot), patience_(patience) {}

Worker::~Worker() { drop_source(); }

pq::Connection &Worker::source() {
    if (source_ && !in_good_transaction(*source_))
        drop_source();
    if (!source_)
        source_ = snapshot_->join();
    return *source_;
}

copy::Lease Worker::source_of(const plan::Table &table) {
    return snapshot_->lease(source(), plan::source_storage(table));
}

pq::Connection &Worker::target() {
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

void Worker::drop_source() noexcept {
    if (!source_)
        return;
    unpark();
    source_.reset();
    snapshot_->leave();
}

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
    malloc_trim(0);
}

void Worker::idle() noexcept {
    if (!source_)
        return;
    try {
        if (!in_good_transaction(*source_))
            drop_source();
        else
            snapshot_->offer(*source_);
    } catch (const std::exception &error) {
        // Whoever needs it next joins again, or hears that the snapshot is lost.
        log::debug("a source connection is gone: {}", error.what());
        drop_source();
    }
}

void confirm_source(copy::Snapshot &snapshot, std::vector<Worker> &workers) {
    if (snapshot.held())
        return;
    for (Worker &worker : workers)
        worker.idle();
    snapshot.require_unchanged(workers.front().source());
}

void Worker::park() noexcept {
    idle(); // one that waits for the snapshot now gets it
    if (source_ && !parked_)
        snapshot_->park(1);
    parked_ = source_ != nullptr;
}

void Worker::unpark() noexcept {
    if (parked_)
        snapshot_->park(-1);
    parked_ = false;
}

void Worker::after_failure() noexcept {
    if (source_ && !in_good_transaction(*source_))
        drop_source();
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
