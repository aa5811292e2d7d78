#include "loader/run/task_runner.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/retry.hpp"
#include "loader/core/signals.hpp"
#include "loader/run/move_ledger.hpp"
#include "loader/run/retry.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

bool is_finished(const state::TaskRow &task) {
    return task.state == protocol::task_state::kDone || task.state == protocol::task_state::kBenign;
}

[[noreturn]] void throw_failed(const state::TaskRow &task) {
    throw Error(
        Exit::partial, "task-failed", task.message,
        fmt::format("{}{}SQLSTATE {}", task.detail, task.detail.empty() ? "" : "; ", task.sqlstate),
        task.hint.empty() ? "mend the cause and run the same command again" : task.hint);
}

schema::Outcome perform(Worker &worker, const state::TaskRow &row) {
    auto outcome = schema::apply(worker.target(), row);
    // A key that is made and checked in one step is not there after a failure.
    if (outcome.state == schema::Outcome::State::failed && outcome.sqlstate == "23503" &&
        row.kind == "validate") {
        const auto samples = schema::orphan_samples(worker.target(), row, 5);
        outcome.detail +=
            fmt::format(" (rows without their key, at most 5: {})", fmt::join(samples, ", "));
        outcome.hint = "the key stays NOT VALID: delete or mend the orphans, then "
                       "ALTER TABLE ... VALIDATE CONSTRAINT, or run the same command again";
    }
    return outcome;
}

state::TaskRow move_sequence(Context &context, Worker &worker, const state::TaskRow &row,
                             state::Transaction &transaction) {
    auto &target = worker.target();
    const auto proof = schema::set_sequence(worker.source(), target, row);
    context.migration.finish_task(target, row.id);
    context.migration.prove_task(target, row.id, proof);
    failpoint("sequences.before_commit");
    transaction.commit();
    failpoint("sequences.after_commit");
    return context.migration.task(target, row.id);
}

/// The ledger's rows, their proof and the task's end commit together.
state::TaskRow do_ledger(Context &context, Worker &worker, const state::TaskRow &row,
                         state::Transaction &transaction) {
    auto &target = worker.target();
    const auto proof = move_ledger(context, worker, row);
    context.migration.finish_task(target, row.id);
    context.migration.prove_task(target, row.id, proof);
    transaction.commit();
    return context.migration.task(target, row.id);
}

/// Returns the task's row once it has an end; none when another backend works on it.
std::optional<state::TaskRow> try_task(Context &context, Worker &worker, int id,
                                       const std::string &note) {
    auto &target = worker.target();
    failpoint("task.before_begin");
    {
        state::Transaction transaction(target);
        const auto claim = context.migration.claim_task(target, id);
        if (!claim) {
            const auto now = context.migration.task(target, id);
            if (is_finished(now) || now.state == protocol::task_state::kFailed)
                return now;
            return std::nullopt;
        }
        failpoint("task.after_claim");
        if (claim->kind == "sequence")
            return move_sequence(context, worker, *claim, transaction);
        if (claim->kind == "ledger")
            return do_ledger(context, worker, *claim, transaction);
        const auto outcome =
            claim->kind == "ledger_anchor"
                ? schema::Outcome{schema::Outcome::State::done, "", "", "", "", note}
                : perform(worker, *claim);
        using State = schema::Outcome::State;
        if (outcome.state == State::done)
            context.migration.finish_task(target, id, outcome.note);
        else
            context.migration.settle_task(
                target, id,
                outcome.state == State::benign ? protocol::task_state::kBenign
                                               : protocol::task_state::kFailed,
                {outcome.sqlstate, outcome.message, outcome.detail, outcome.hint}, outcome.note);
        if (!note.empty())
            context.migration.log(target, "info", "custody_ledger", note);
        failpoint("task.before_commit");
        transaction.commit();
    }
    failpoint("task.after_commit");
    return context.migration.task(target, id);
}

Error not_ready() {
    return {Exit::partial, "task-not-ready", "it cannot start",
            "another backend keeps it, or something it depends on has failed",
            "mend what failed and run the same command again"};
}

/// Both ledgers keep for good what an anchor says: nothing is sealed before the ledger has come.
std::string anchor(Context &context, Worker &worker, const state::TaskRow &task) {
    for (const int needed : task.depends)
        if (!is_finished(context.migration.task(worker.target(), needed)))
            throw not_ready();
    return anchor_ledgers(context, worker);
}

} // namespace

void run_task(Context &context, Worker &worker, const state::TaskRow &task) {
    const auto what = display_name(task);
    // A seal has a transaction of its own: what the target holds is read before, not with it.
    const std::string anchored =
        task.kind == "ledger_anchor"
            ? with_retry(worker, what, [&] { return anchor(context, worker, task); })
            : "";
    // A backend that keeps it is waited for below; what is still not to be had then waits for
    // something that has failed, and no patience helps.
    Backoff backoff(3, std::chrono::milliseconds(50), std::chrono::milliseconds(200));
    for (;;) {
        const auto now =
            with_retry(worker, what, [&] { return try_task(context, worker, task.id, anchored); });
        if (now && now->state == protocol::task_state::kFailed)
            throw_failed(*now);
        if (now)
            return;
        with_retry(worker, what, [&] {
            state::wait_for_unit(worker.target(), state::task_lock(context.migration.id(), task.id),
                                 std::chrono::seconds(2));
        });
        if (!backoff.wait()) {
            throw_if_stopped();
            throw not_ready();
        }
    }
}

void run_phase(Context &context, Worker &worker, const std::string &phase,
               std::vector<Failure> &failures) {
    const auto tasks = with_retry(worker, "reading the tasks of " + phase,
                                  [&] { return context.migration.tasks(worker.target()); });
    for (const auto &task : tasks) {
        worker.idle();
        if (task.phase != phase || is_finished(task))
            continue;
        throw_if_stopped();
        try {
            run_task(context, worker, task);
        } catch (...) {
            failures.push_back(current_failure(display_name(task)));
            worker.after_failure();
            if (is_fatal(failures.back()))
                throw;
        }
    }
}

} // namespace custody::run
