#include "loader/run/scheduler.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <spdlog/spdlog.h>

#include "loader/core/signals.hpp"
#include "loader/pq/connection.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

namespace {

constexpr auto kIdleRound = std::chrono::milliseconds(200);

enum class Progress { waiting, running, succeeded, failed };

} // namespace

/// Shared by the worker threads of one run(); every member is guarded by `mutex`.
struct Scheduler::State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Progress> progress;
    int running_copy = 0;
    int running_build = 0;
    bool fatal = false;
    Outcome outcome;
};

JobId Scheduler::add(Job job) {
    jobs_.push_back(std::move(job));
    return jobs_.size() - 1;
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
           failure.exit == Exit::connection;
}

namespace {

/// Picks the heaviest job that may start, or says whether one may come later.
struct Pick {
    std::optional<JobId> job;
    bool later = false;
};

} // namespace

Scheduler::Outcome Scheduler::run(std::vector<Worker> &workers) {
    State state;
    state.progress.assign(jobs_.size(), Progress::waiting);

    const auto pick = [&]() -> Pick {
        Pick result;
        for (JobId id = 0; id < jobs_.size(); ++id) {
            if (state.progress[id] == Progress::running)
                result.later = true;
            if (state.progress[id] != Progress::waiting)
                continue;
            const Job &job = jobs_[id];
            bool ready = true;
            for (const JobId before : job.after)
                ready &= state.progress[before] == Progress::succeeded;
            const bool copies = job.job_class == JobClass::copy;
            ready &= copies ? state.running_copy < copy_limit_ : state.running_build < build_limit_;
            if (ready && (!result.job || job.weight > jobs_[*result.job].weight))
                result.job = id;
        }
        return result;
    };

    const auto finish = [&](JobId id, std::optional<Failure> failure) {
        const std::lock_guard guard(state.mutex);
        (jobs_[id].job_class == JobClass::copy ? state.running_copy : state.running_build)--;
        state.progress[id] = failure ? Progress::failed : Progress::succeeded;
        if (failure) {
            state.fatal |= is_fatal(*failure);
            state.outcome.failures.push_back(std::move(*failure));
        }
        state.changed.notify_all();
    };

    const auto loop = [&](Worker &worker) {
        std::unique_lock guard(state.mutex);
        while (!state.fatal && !stop_requested()) {
            const Pick next = pick();
            if (!next.job && !next.later)
                break;
            if (!next.job) {
                state.changed.wait_for(guard, kIdleRound);
                guard.unlock();
                worker.idle();
                guard.lock();
                continue;
            }
            const JobId id = *next.job;
            const Job &job = jobs_[id];
            state.progress[id] = Progress::running;
            (job.job_class == JobClass::copy ? state.running_copy : state.running_build)++;
            guard.unlock();
            std::optional<Failure> failure;
            try {
                worker.idle();
                job.work(worker);
            } catch (...) {
                failure = current_failure(job.name);
                worker.after_failure();
            }
            finish(id, std::move(failure));
            guard.lock();
        }
        state.changed.notify_all();
    };

    std::vector<std::thread> threads;
    threads.reserve(workers.size());
    for (Worker &worker : workers)
        threads.emplace_back([&loop, &worker] { loop(worker); });
    for (std::thread &thread : threads)
        thread.join();
    for (JobId id = 0; id < jobs_.size(); ++id)
        if (state.progress[id] == Progress::waiting)
            state.outcome.blocked.push_back(jobs_[id].name);
    return state.outcome;
}

} // namespace custody::run
