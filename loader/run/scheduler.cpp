#include "loader/run/scheduler.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "loader/core/signals.hpp"
#include "loader/pq/connection.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

namespace {

constexpr auto kIdleRound = std::chrono::milliseconds(200);

enum class Progress { waiting, running, succeeded, failed, blocked };

} // namespace

/// The state of one run(); `mutex` guards every member but the jobs, which do not change.
class Scheduler::Running {
  public:
    explicit Running(const Scheduler &scheduler)
        : scheduler_(scheduler), progress_(scheduler.jobs_.size(), Progress::waiting) {}

    /// The work of one thread: jobs, until none is left that it could wait for.
    void loop(Worker &worker) {
        worker.unpark();
        std::unique_lock guard(mutex_);
        while (!fatal_ && !stop_requested()) {
            const auto next = pick();
            if (!next && running_copy_ + running_build_ == 0)
                break;
            if (!next) {
                changed_.wait_for(guard, kIdleRound);
                guard.unlock();
                worker.idle();
                guard.lock();
                continue;
            }
            start(*next);
            guard.unlock();
            auto failure = perform(scheduler_.jobs_[*next], worker);
            guard.lock();
            end(*next, std::move(failure));
        }
        changed_.notify_all();
        guard.unlock();
        worker.park();
    }

    Outcome outcome() && {
        for (JobId id = 0; id < progress_.size(); ++id)
            if (progress_[id] == Progress::waiting || progress_[id] == Progress::blocked)
                outcome_.blocked.push_back(scheduler_.jobs_[id].name);
        return std::move(outcome_);
    }

  private:
    static bool is_dead(Progress progress) {
        return progress == Progress::failed || progress == Progress::blocked;
    }

    // Ids rise along dependencies, so one pass finds all.
    void block_dependents() {
        for (JobId id = 0; id < progress_.size(); ++id) {
            const Job &job = scheduler_.jobs_[id];
            if (progress_[id] != Progress::waiting || job.regardless)
                continue;
            for (const JobId before : job.after)
                if (is_dead(progress_[before]))
                    progress_[id] = Progress::blocked;
        }
    }

    bool is_ready(const Job &job) const {
        for (const JobId before : job.after)
            if (progress_[before] != Progress::succeeded &&
                !(job.regardless && is_dead(progress_[before])))
                return false;
        return job.job_class == JobClass::copy ? running_copy_ < scheduler_.copy_limit_
                                               : running_build_ < scheduler_.build_limit_;
    }

    /// The heaviest job that may start now.
    std::optional<JobId> pick() const {
        std::optional<JobId> best;
        for (JobId id = 0; id < progress_.size(); ++id) {
            const Job &job = scheduler_.jobs_[id];
            if (progress_[id] == Progress::waiting && is_ready(job) &&
                (!best || job.weight > scheduler_.jobs_[*best].weight))
                best = id;
        }
        return best;
    }

    int &running(JobId id) {
        return scheduler_.jobs_[id].job_class == JobClass::copy ? running_copy_ : running_build_;
    }

    void start(JobId id) {
        progress_[id] = Progress::running;
        ++running(id);
    }

    void end(JobId id, std::optional<Failure> failure) {
        --running(id);
        progress_[id] = failure ? Progress::failed : Progress::succeeded;
        if (failure) {
            fatal_ |= is_fatal(*failure);
            block_dependents();
            outcome_.failures.push_back(std::move(*failure));
        }
        changed_.notify_all();
    }

    static std::optional<Failure> perform(const Job &job, Worker &worker) {
        try {
            worker.idle();
            job.work(worker);
            return std::nullopt;
        } catch (...) {
            auto failure = current_failure(job.name);
            worker.after_failure();
            return failure;
        }
    }

    const Scheduler &scheduler_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Progress> progress_;
    int running_copy_ = 0;
    int running_build_ = 0;
    bool fatal_ = false;
    Outcome outcome_;
};

JobId Scheduler::add(Job job) {
    jobs_.push_back(std::move(job));
    return jobs_.size() - 1;
}

Scheduler::Outcome Scheduler::run(std::vector<Worker> &workers) {
    Running running(*this);
    std::vector<std::thread> threads;
    threads.reserve(workers.size());
    for (Worker &worker : workers)
        threads.emplace_back([&running, &worker] { running.loop(worker); });
    for (std::thread &thread : threads)
        thread.join();
    return std::move(running).outcome();
}

Failure current_failure(const std::string &job) {
    try {
        throw;
    } catch (const pq::SqlError &error) {
        return {job,          error.exit(),    error.code(), error.what(), error.detail(),
                error.hint(), error.sqlstate()};
    } catch (const Error &error) {
        return {job, error.exit(), error.code(), error.what(), error.detail(), error.hint(), ""};
    } catch (const std::exception &error) {
        return {job, Exit::partial, "internal-error", error.what(), "", "", ""};
    }
}

bool is_fatal(const Failure &failure) {
    return failure.code == "snapshot-lost" || failure.code == "interrupted" ||
           failure.code == "terminated" || failure.code == "stopped" ||
           failure.code == "server-gone" || failure.exit == Exit::connection ||
           failure.sqlstate == "53100"; // no room on a disk
}

} // namespace custody::run
