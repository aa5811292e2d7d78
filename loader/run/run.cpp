#include "loader/run/run.hpp"

#include <functional>
#include <optional>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/catalog.hpp"
#include "loader/plan/describe.hpp"
#include "loader/plan/json.hpp"
#include "loader/pq/session.hpp"
#include "loader/report/output.hpp"
#include "loader/run/execute.hpp"
#include "loader/run/final.hpp"
#include "loader/run/finish.hpp"
#include "loader/run/move_ledger.hpp"
#include "loader/run/prepare.hpp"
#include "loader/run/resume.hpp"
#include "loader/run/run_lock.hpp"
#include "loader/run/settings.hpp"
#include "loader/state/handshake.hpp"
#include "loader/state/lock.hpp"

namespace custody::run {
namespace {

constexpr int kFinishAttempts = 3;

void print_plan(const cli::Options &options, const plan::Plan &plan) {
    report::write_stdout(options.json ? json_document(plan::to_json(plan)) : plan::describe(plan));
}

void log_findings(const plan::Plan &plan) {
    for (const auto &finding : plan.findings) {
        const auto text = fmt::format(
            "{}{}{} [{}]{}{}", finding.object, finding.object.empty() ? "" : ": ", finding.seen,
            finding.code, finding.remedy.empty() ? "" : "\n  hint: ", finding.remedy);
        if (finding.severity == plan::Severity::blocking)
            log::error("{}", text);
        else if (finding.severity == plan::Severity::warning)
            log::warn("{}", text);
        else
            log::debug("{}", text);
    }
}

Error blocked(const plan::Plan &plan) {
    int count = 0;
    for (const auto &finding : plan.findings)
        count += finding.severity == plan::Severity::blocking ? 1 : 0;
    return Error(Exit::refused, "preflight-blocked",
                 fmt::format("{} finding{} of the preflight must be dealt with first", count,
                             count == 1 ? "" : "s"),
                 "nothing was written",
                 "custody plan lists all findings and what to do about each");
}

/// An error of a server that comes before the first write is a refusal: there is nothing to resume.
Proposal propose_or_refuse(const cli::Options &options, pq::Connection &target) {
    try {
        return propose(options, target);
    } catch (const pq::SqlError &error) {
        if (error.exit() != Exit::partial)
            throw;
        throw Error(Exit::refused, "server-error", error.what(), error.detail(), error.hint());
    }
}

Prepared begin(const cli::Options &options, pq::Connection &target) {
    seal_source(options);
    auto proposal = propose_or_refuse(options, target);
    log_findings(proposal.plan);
    if (proposal.plan.blocked())
        throw blocked(proposal.plan);
    return create(options, target, std::move(proposal));
}

/// Tells the state table under which name the snapshot can be imported now.
std::function<void(const std::string &)> recorder(const cli::Options &options,
                                                  const state::Migration &migration, int number) {
    return [&options, migration, number](const std::string &name) {
        try {
            auto target = pq::Connection::open(options.target, "custody snapshot");
            pq::pin_target(target);
            migration.rename_snapshot(target, number, name);
            migration.log(target, "warning", "snapshot",
                          "its holder was lost; another connection has exported it as " + name);
        } catch (const std::exception &error) {
            log::debug("the snapshot's new name could not be recorded: {}", error.what());
        }
    };
}

/// Once rows may have been written, a server that is gone leaves a run that can be resumed.
Error resumable(const Error &error) {
    if (error.exit() != Exit::connection)
        return error;
    return {Exit::partial, error.code(), error.what(), error.detail(),
            "what is done is kept: run the same command again"};
}

/// Reads and writes of the state that may be done twice, on the session with the run's lock.
Exit conclude(pq::Connection &control, RunLock &lock, Context &context,
              const std::vector<Failure> &failures, const std::vector<state::Unproven> &found) {
    for (int attempt = 1;; ++attempt) {
        try {
            return finish(context.options, control, context, failures, found);
        } catch (const pq::SqlError &error) {
            throw_if_stopped();
            if (!error.retryable() || attempt == kFinishAttempts)
                throw;
            log::warn("recording the end: {}; trying again", error.what());
        }
        lock.end();
    }
}

Exit work(const cli::Options &options, pq::Connection &control, Prepared prepared, bool resumed) {
    const auto migration = *prepared.migration;
    ui::Progress progress(ui::settings_for_stderr(options.quiet, options.color));
    set_log_hooks([&] { progress.pause(); }, [&] { progress.resume(); });
    std::int64_t bytes = 0;
    for (const auto &table : prepared.plan.tables)
        bytes += table.bytes;
    progress.expect(static_cast<std::int64_t>(prepared.plan.tables.size()), bytes);
    prepared.snapshot->watch(recorder(options, migration, prepared.snapshot_number));
    Chronicle chronicle(options.jobs);
    Context context{options,
                    std::move(prepared.plan),
                    *prepared.snapshot,
                    prepared.snapshot_number,
                    resumed,
                    migration,
                    progress,
                    chronicle,
                    copy::RateLimiter(options.max_rate)};
    RunLock lock(options, control, context.migration);
    const auto quiet = [&] {
        progress.stop();
        set_log_hooks({}, {});
    };
    std::optional<Exit> exit; // none: the final comparison has it
    try {
        const auto failures = execute(context);
        quiet();
        lock.end();
        if (!options.final || !failures.empty())
            exit = conclude(control, lock, context, failures, prepared.found);
    } catch (const Error &error) {
        quiet();
        lock.end_after_failure();
        record_stop(options, context);
        throw resumable(error);
    } catch (...) {
        quiet();
        record_stop(options, context);
        throw;
    }
    if (!exit)
        return compare_finally(options, control, context.migration, chronicle);
    const Exit delivered =
        report::deliver(*exit, [&] { report::print(options, control, context.migration.id()); });
    failpoint("run.after_report");
    return delivered;
}

/// A connection that breaks while the stored state is taken up leaves it as it was.
Prepared take_up(const cli::Options &options, pq::Connection &target,
                 const state::Migration &migration) {
    try {
        seal_source(options);
        return resume(options, target, migration);
    } catch (const pq::SqlError &error) {
        if (error.could_not_connect())
            throw;
        throw resumable(error);
    }
}

} // namespace

pq::Connection open_target(const cli::Options &options) {
    auto target = pq::Connection::open(options.target, "custody", "target");
    state::handshake(target);
    pq::pin_target(target);
    return target;
}

Exit run(const cli::Options &options) {
    auto control = open_target(options);
    if (options.dry_run)
        return plan(options);
    const auto latest = state::Migration::find_latest(control, options.name);
    if (!latest)
        return work(options, control, begin(options, control), false);
    if (latest->row(control).state == protocol::migration_state::kDone && !options.final)
        return already_done(options, control, *latest);
    if (const auto holder = state::lock_run(control, latest->id()))
        throw state::run_in_progress(latest->name(), *holder);
    failpoint("resume.after_lock");
    // Only now nobody else changes it any more.
    const auto row = latest->row(control);
    if (row.state == protocol::migration_state::kDone && options.final) {
        reopen_for_final(options, control, *latest);
        Chronicle chronicle(options.jobs);
        return compare_finally(options, control, *latest, chronicle);
    }
    if (row.state == protocol::migration_state::kDone) {
        // "Done" answers only the command that did it.
        require_same_settings(parse_json(row.options), options);
        auto source = pq::Connection::open(options.source, "custody", "source");
        pq::pin(source);
        require_same_source(row, plan::read_server(source).identity);
        return already_done(options, control, *latest);
    }
    log::info("going on with migration \"{}\", begun {}", row.name, row.created_at);
    return work(options, control, take_up(options, control, *latest), true);
}

Exit plan(const cli::Options &options) {
    auto control = open_target(options);
    const auto proposal = propose(options, control);
    print_plan(options, proposal.plan);
    return proposal.plan.blocked() ? Exit::refused : Exit::ok;
}

} // namespace custody::run
