// Runs jobs that depend on each other on a fixed number of worker threads.
// A job that fails blocks what depends on it; the rest goes on, so that one bad table does not
// stop the others. A stop request or an error that no other job could survive ends all.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "loader/core/error.hpp"

namespace custody::run {

class Worker;

/// What a job mostly uses, so that its number can be limited apart.
enum class JobClass { copy, build };

using JobId = std::size_t;

struct Job {
    std::string name; // for messages: "copy public.users 3/8"
    JobClass job_class = JobClass::copy;
    double weight = 0;        // larger ones first
    std::vector<JobId> after; // jobs that must have succeeded
    std::function<void(Worker &)> work;
    bool regardless = false; // those in `after` must be over, however they ended
};

struct Failure {
    std::string job;
    Exit exit = Exit::partial;
    std::string code, message, detail, hint, sqlstate;
};

class Scheduler {
  public:
    /// At most `copy_limit` and `build_limit` jobs of a class run at once.
    Scheduler(int copy_limit, int build_limit)
        : copy_limit_(copy_limit), build_limit_(build_limit) {}

    /// Not while run() runs. Every id in `after` must have been returned before.
    JobId add(Job job);

    /// Runs all jobs, one thread per worker; returns when none runs and none can start.
    /// Failures in the order in which they happened; names of jobs that never ran in `blocked`.
    struct Outcome {
        std::vector<Failure> failures;
        std::vector<std::string> blocked;
        bool complete() const { return failures.empty() && blocked.empty(); }
    };
    Outcome run(std::vector<Worker> &workers);

  private:
    class Running;
    std::vector<Job> jobs_;
    int copy_limit_;
    int build_limit_;
};

/// The failure that an exception stands for. Call in a catch block.
Failure current_failure(const std::string &job);

/// True for failures after which nothing else can succeed either.
bool is_fatal(const Failure &failure);

} // namespace custody::run
