#include "loader/run/run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
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
#include "loader/run/prepare.hpp"
#include "loader/run/resume.hpp"
#include "loader/run/run_lock.hpp"
#include "loader/run/settings.hpp"
#include "loader/state/handshake.hpp"
#include "loader/state/lock.hpp"

namespace custody::run {
namespace {

void print_plan(const cli::Options &options, const plan::Plan &plan) {
    report::write_stdout(options.json ? plan::to_json(plan).dump(2) + "\n" : plan::describe(plan));
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

Prepared begin(const cli::Options &options, pq::Connection &target) {
    auto proposal = propose(options, target);
    log_findings(proposal.plan);
    if (proposal.plan.blocked())
        throw blocked(proposal.plan);
    return create(options, target, std::move(proposal));
}

Exit work(const cli::Options &options, pq::Connection &control, Prepared prepared, bool resumed) {
    ui::Progress progress(ui::settings_for_stderr(options.quiet, options.color));
    set_log_hooks([&] { progress.pause(); }, [&] { progress.resume(); });
    std::int64_t bytes = 0;
    for (const auto &table : prepared.plan.tables)
        bytes += table.bytes;
    progress.expect(static_cast<std::int64_t>(prepared.plan.tables.size()), bytes);
    prepared.snapshot->watch();
    Chronicle chronicle(options.jobs);
    Context context{options,
                    std::move(prepared.plan),
                    *prepared.snapshot,
                    prepared.snapshot_number,
                    resumed,
                    *prepared.migration,
                    progress,
                    chronicle,
                    copy::RateLimiter(options.max_rate)};
    RunLock lock(options, control, context.migration);
    std::vector<Failure> failures;
    try {
        failures = execute(context);
    } catch (...) {
        progress.stop();
        set_log_hooks({}, {});
        lock.end_after_failure();
        record_stop(options, context);
        throw;
    }
    progress.stop();
    set_log_hooks({}, {});
    lock.end();
    if (options.final && failures.empty())
        return compare_finally(options, control, context.migration, chronicle);
    return finish(options, control, context, failures, prepared.found);
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
        require_same_settings(nlohmann::json::parse(row.options), options);
        auto source = pq::Connection::open(options.source, "custody", "source");
        pq::pin(source);
        require_same_source(row, plan::read_server(source).identity);
        return already_done(options, control, *latest);
    }
    log::info("going on with migration \"{}\", begun {}", row.name, row.created_at);
    return work(options, control, resume(options, control, *latest), true);
}

Exit plan(const cli::Options &options) {
    auto control = open_target(options);
    const auto proposal = propose(options, control);
    print_plan(options, proposal.plan);
    return proposal.plan.blocked() ? Exit::refused : Exit::ok;
}

} // namespace custody::run
