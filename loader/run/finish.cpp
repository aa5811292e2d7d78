#include "loader/run/finish.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/pq/session.hpp"
#include "loader/report/output.hpp"
#include "loader/run/unlogged.hpp"

namespace custody::run {
namespace {

/// By the state in the target alone, and what a final comparison has found beside it; logs what
/// is not proven.
Exit judge(pq::Connection &control, const state::Migration &migration, bool failed,
           const std::vector<state::Unproven> &found) {
    const auto tables = migration.tables(control);
    const bool copied = std::none_of(tables.begin(), tables.end(), [](const auto &table) {
        return table.state == protocol::table_state::kPending;
    });
    if (failed || !copied || !emptied_tables(control, tables).empty())
        return Exit::partial;
    auto unproven = migration.unproven(control);
    for (const auto &object : found)
        migration.log(control, "error", object.object_type + " " + object.object, object.reason);
    unproven.insert(unproven.end(), found.begin(), found.end());
    for (const auto &object : unproven)
        log::error("{} {}: {}", object.object_type, object.object, object.reason);
    return unproven.empty() ? Exit::ok : Exit::unverified;
}

std::string_view state_after(Exit exit) {
    return exit == Exit::ok           ? protocol::migration_state::kDone
           : exit == Exit::unverified ? protocol::migration_state::kUnverified
                                      : protocol::migration_state::kPartial;
}

/// The position of the source's log now, against the snapshot's: what was written since is not
/// on the target. Nothing is noted where the source cannot be asked.
void look_at_source(const cli::Options &options, Context &context) {
    try {
        auto source = pq::Connection::open(options.source, "custody");
        const auto row =
            source.query("select lsn, lsn > $1::pg_catalog.pg_lsn from (select case when "
                         "pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() "
                         "else pg_catalog.pg_current_wal_lsn() end as lsn) now",
                         context.snapshot.facts().lsn);
        context.chronicle.source_moved(row.boolean(0, 1), row.str(0, 0));
    } catch (const Error &error) {
        log::debug("where the source stands now could not be read: {}", error.what());
    }
}

void store(pq::Connection &control, Context &context, Exit exit) {
    // Makes all earlier commits of the run durable: they were asynchronous.
    control.exec("set synchronous_commit = on");
    const auto before = context.migration.row(control).report;
    context.migration.finish(
        control, state_after(exit),
        report::add_run(before, context.chronicle.facts(static_cast<int>(exit))));
}

/// As main() will end with the error that is being handled.
Exit exit_of_current_error() noexcept {
    if (const int signal = stop_signal(); signal != 0)
        return signal == SIGTERM ? Exit::terminated : Exit::interrupted;
    try {
        throw;
    } catch (const Error &error) {
        return error.exit() == Exit::connection ? Exit::partial : error.exit();
    } catch (...) {
        return Exit::partial;
    }
}

} // namespace

Exit finish(const cli::Options &options, pq::Connection &control, Context &context,
            const std::vector<Failure> &failures, const std::vector<state::Unproven> &found) {
    failpoint("run.before_finish");
    look_at_source(options, context);
    const Exit exit = judge(control, context.migration, !failures.empty(), found);
    store(control, context, exit);
    failpoint("run.after_finish");
    return exit;
}

void record_stop(const cli::Options &options, Context &context) noexcept {
    const Exit exit = exit_of_current_error();
    try {
        end_cancelling();
        auto target = pq::Connection::open(options.target, "custody");
        pq::pin_target(target);
        failpoint("stop.before_record");
        store(target, context, exit);
        failpoint("stop.after_record");
    } catch (const std::exception &error) {
        log::debug("the stop could not be recorded: {}", error.what());
    }
}

Exit already_done(const cli::Options &options, pq::Connection &control,
                  const state::Migration &migration) {
    const auto row = migration.row(control);
    log::info("migration \"{}\" is done since {}: nothing to do", row.name, row.finished_at);
    return report::deliver(Exit::ok, [&] { report::print(options, control, migration.id()); });
}

} // namespace custody::run
