#include "loader/verify/verify.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/pq/same_database.hpp"
#include "loader/report/output.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/retry.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/task_proof.hpp"
#include "loader/verify/checkpoint.hpp"
#include "loader/verify/compare_table.hpp"
#include "loader/verify/render.hpp"
#include "loader/verify/scope.hpp"

namespace custody::verify {
namespace {

constexpr int kSnapshotAttempts = 5;

/// Both sides, each under one snapshot, and what is compared between them.
struct Sides {
    std::unique_ptr<copy::Snapshot> source; // null with stored digests
    std::unique_ptr<copy::Snapshot> target;
    Scope scope;
};

std::vector<copy::Relation> relations_of(const Scope &scope,
                                         std::vector<copy::Relation> Item::*side) {
    std::vector<copy::Relation> relations;
    for (const auto &item : scope.items)
        relations.insert(relations.end(), (item.*side).begin(), (item.*side).end());
    return relations;
}

/// The first relation that was truncated, rewritten or altered since the snapshots were taken.
std::string lock(Sides &sides) {
    for (auto *snapshot : {sides.source.get(), sides.target.get()}) {
        if (snapshot == nullptr)
            continue;
        const auto side = snapshot == sides.target.get() ? &Item::target : &Item::source;
        const auto changed = snapshot->lock(relations_of(sides.scope, side));
        if (!changed.empty())
            return changed.front();
    }
    return "";
}

Sides open_sides(const cli::Options &options) {
    std::string changed;
    for (int attempt = 0; attempt < kSnapshotAttempts; ++attempt) {
        throw_if_stopped();
        Sides sides;
        if (options.method != "stored")
            sides.source = std::make_unique<copy::Snapshot>(options.source, "custody verify");
        sides.target = std::make_unique<copy::Snapshot>(options.target, "custody verify", "target");
        if (sides.source)
            pq::require_two_databases(sides.source->holder(), sides.target->holder());
        failpoint("compare.after_snapshots");
        sides.scope = make_scope(options, sides.source ? &sides.source->holder() : nullptr,
                                 sides.target->holder());
        changed = lock(sides);
        if (changed.empty())
            return sides;
        log::warn("{} was truncated, rewritten or altered after the snapshots were taken; taking "
                  "others",
                  changed);
    }
    throw Error(Exit::refused, "relations-keep-changing",
                "relations are truncated or rewritten again and again",
                fmt::format("the last one was {}", changed),
                "run when no job truncates, rewrites or vacuums in full");
}

/// The results of all jobs, as they come.
class Results {
  public:
    Results(std::vector<Comparison> told, bool redact)
        : redact_(redact), results_(std::move(told)) {}

    /// The number of a job: its name may be another's, too ("a"."b.c" and "a.b"."c").
    std::size_t expect(const std::string &type, const std::string &name) {
        expected_.emplace_back(unverified(type, name, ""));
        return expected_.size() - 1;
    }
    void add(Comparison result) {
        const std::lock_guard guard(mutex_);
        results_.push_back(std::move(result));
    }
    void add(std::size_t job, Comparison result) {
        add(std::move(result));
        const std::lock_guard guard(mutex_);
        expected_.at(job).reset();
    }
    /// Redacted, because what a server says may hold values of rows.
    void fail(std::size_t job, const std::string &type, const std::string &name,
              const run::Failure &failure) {
        add(job, unverified(type, name,
                            redact_ && !failure.sqlstate.empty() ? "SQLSTATE " + failure.sqlstate
                                                                 : failure.message));
    }
    /// After an error that ended all: what has no result is unverified. Sorted by name.
    std::vector<Comparison> take(const std::string &why) {
        const std::lock_guard guard(mutex_);
        for (auto &job : expected_)
            if (job) {
                job->reason = "the verification ended early: " + why;
                results_.push_back(std::move(*job));
            }
        std::sort(results_.begin(), results_.end(), [](const auto &a, const auto &b) {
            return std::tie(a.type, a.name) < std::tie(b.type, b.name);
        });
        return std::move(results_);
    }

  private:
    const bool redact_;
    std::vector<std::optional<Comparison>> expected_; // of each job, until it has its result
    std::mutex mutex_;
    std::vector<Comparison> results_; // guarded by mutex_
};

/// What cannot be looked at is unverified; the rest goes on.
void add_job(Results &results, run::Scheduler &scheduler, const std::string &type,
             const std::string &name, double weight,
             std::function<Comparison(run::Worker &)> compare) {
    const auto job = results.expect(type, name);
    scheduler.add({type + " " + name,
                   run::JobClass::copy,
                   weight,
                   {},
                   [&results, job, type, name, compare = std::move(compare)](run::Worker &worker) {
                       try {
                           results.add(job, run::with_retry(worker, type + " " + name,
                                                            [&] { return compare(worker); }));
                       } catch (...) {
                           const auto failure = run::current_failure(name);
                           if (run::is_fatal(failure))
                               throw;
                           worker.after_failure();
                           results.fail(job, type, name, failure);
                       }
                   }});
}

Comparison table_job(const Shared &shared, Checkpoint &checkpoint, run::Worker &worker,
                     const Item &item) {
    failpoint("compare.before_table");
    auto result = compare_table(shared, worker, item);
    result.source_lsn = item.remembered ? item.remembered->lsn : shared.source->facts().lsn;
    result.target_lsn = shared.target.facts().lsn;
    result.verified_at = shared.target.facts().taken_at;
    failpoint("compare.after_table");
    checkpoint.add(item, result);
    return result;
}

Comparison from_proof(std::string type, std::string name, const state::TaskProof &proof) {
    auto result = unverified(std::move(type), std::move(name), proof.reason);
    result.source = proof.source_value;
    result.target = proof.target_value;
    result.verdict = protocol::verdict::kEqual;
    if (proof.source_value != proof.target_value && proof.reason.empty()) {
        result.verdict = protocol::verdict::kDifferent;
        result.reason = fmt::format("source {}, target {}", proof.source_value, proof.target_value);
    }
    return result;
}

void add_tables(const Shared &shared, Checkpoint &checkpoint, Results &results,
                run::Scheduler &scheduler) {
    for (const auto &item : shared.scope.items) {
        const auto name = item.table.schema + "." + item.table.name;
        if (auto finished = checkpoint.find(item))
            results.add(std::move(*finished));
        else
            add_job(results, scheduler, "table", name, static_cast<double>(item.table.bytes),
                    [&shared, &checkpoint, &item](run::Worker &worker) {
                        return table_job(shared, checkpoint, worker, item);
                    });
    }
}

void add_tasks(const Shared &shared, Results &results, run::Scheduler &scheduler) {
    const bool stored = shared.source == nullptr;
    const auto sequence = stored ? run::stored_sequence_proof : run::sequence_proof;
    const auto large_object = stored ? run::stored_large_object_proof : run::large_object_proof;
    for (const auto &task : shared.scope.tasks) {
        if (task.kind != "sequence" && task.kind != "large_object")
            continue;
        const bool is_sequence = task.kind == "sequence";
        const std::string type = is_sequence ? "sequence" : "large object";
        const auto name =
            is_sequence ? task.object_schema + "." + task.object_name : task.object_name;
        const auto proof = is_sequence ? sequence : large_object;
        add_job(results, scheduler, type, name, 0, [&task, type, name, proof](run::Worker &worker) {
            return from_proof(type, name, proof(worker, task));
        });
    }
}

/// Runs all jobs; fills in what the verification found.
void compare_all(const cli::Options &options, Sides &sides, Checkpoint &checkpoint,
                 Verification &verification, bool whole_values) {
    ui::Progress progress(ui::settings_for_stderr(options.quiet, options.color));
    set_log_hooks([&] { progress.pause(); }, [&] { progress.resume(); });
    copy::RateLimiter limiter(options.max_rate);
    const Shared shared{options,
                        sides.scope,
                        sides.source.get(),
                        *sides.target,
                        limiter,
                        progress,
                        std::chrono::steady_clock::now(),
                        whole_values};
    Results results(sides.scope.told, options.redact);
    run::Scheduler scheduler(options.jobs, options.jobs);
    add_tables(shared, checkpoint, results, scheduler);
    add_tasks(shared, results, scheduler);
    std::vector<run::Worker> workers;
    for (int number = 1; number <= options.jobs; ++number)
        workers.emplace_back(options.target, "custody verify", sides.source.get(),
                             std::chrono::seconds(options.wait), sides.target.get());
    const auto outcome = scheduler.run(workers);
    progress.stop();
    set_log_hooks({}, {});
    throw_if_stopped();
    if (outcome.failures.empty()) {
        if (sides.source)
            run::confirm_source(*sides.source, workers);
        run::confirm_target(*sides.target, workers);
        checkpoint.end();
    }
    verification.objects = results.take(
        outcome.failures.empty() ? "it stopped before" : outcome.failures.front().message);
}

Verification compare(const cli::Options &options, Sides &sides, bool whole_values) {
    Checkpoint checkpoint(options.checkpoint, options, sides.scope);
    for (auto *snapshot : {sides.source.get(), sides.target.get()})
        if (snapshot != nullptr)
            snapshot->watch();
    Verification verification;
    verification.source.server = sides.scope.source;
    if (sides.source)
        verification.source.snapshot = sides.source->facts();
    verification.target = {sides.scope.target, sides.target->facts()};
    verification.not_compared = sides.scope.not_compared;
    verification.checkpoint = options.checkpoint;
    compare_all(options, sides, checkpoint, verification, whole_values);
    return verification;
}

} // namespace

Compared compare(const cli::Options &options,
                 const std::function<bool(const plan::Table &)> &wanted) {
    auto sides = open_sides(options);
    if (wanted) {
        std::erase_if(sides.scope.items, [&](const Item &item) { return !wanted(item.table); });
        sides.scope.tasks.clear();
    }
    Compared compared{compare(options, sides, true), {}};
    for (auto &item : sides.scope.items)
        compared.tables.push_back(std::move(item.table));
    return compared;
}

Exit verify(const cli::Options &options) {
    auto sides = open_sides(options);
    if (options.dry_run) {
        report::write_stdout(options.json ? describe_json(sides.scope)
                                          : describe_text(sides.scope));
        return Exit::ok;
    }
    const auto verification = compare(options, sides, false);
    return report::deliver(verification.exit(), [&] {
        report::write_stdout(options.json ? render_json(verification) : render_text(verification));
        if (!options.report_directory.empty())
            report::write_directory(options.report_directory, render_json(verification),
                                    render_html(verification));
    });
}

} // namespace custody::verify
