#include "loader/run/finish.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/pq/session.hpp"
#include "loader/report/output.hpp"

namespace custody::run {
namespace {

Exit settle(pq::Connection &control, const state::Migration &migration, bool failed) {
    // Makes all earlier commits of the run durable: they were asynchronous.
    control.exec("set synchronous_commit = on");
    const auto tables = migration.tables(control);
    const bool copied = std::none_of(tables.begin(), tables.end(), [](const auto &table) {
        return table.state == protocol::table_state::kPending;
    });
    if (failed || !copied) {
        migration.finish(control, protocol::migration_state::kPartial, "");
        return Exit::partial;
    }
    const auto unproven = migration.unproven(control);
    for (const auto &object : unproven)
        spdlog::error("{} {}: {}", object.object_type, object.object, object.reason);
    migration.finish(control,
                     unproven.empty() ? protocol::migration_state::kDone
                                      : protocol::migration_state::kUnverified,
                     "");
    return unproven.empty() ? Exit::ok : Exit::unverified;
}

} // namespace

Exit finish(const cli::Options &options, pq::Connection &control, Context &context,
            const std::vector<Failure> &failures) {
    failpoint("run.before_finish");
    const Exit exit = settle(control, context.migration, !failures.empty());
    failpoint("run.after_finish");
    report::print(options, control, context.migration.id());
    return exit;
}

void record_stop(const cli::Options &options, const state::Migration &migration) noexcept {
    try {
        auto target = pq::Connection::open(options.target, "custody");
        pq::pin(target);
        migration.finish(target, protocol::migration_state::kPartial, "");
    } catch (const std::exception &error) {
        spdlog::debug("the stop could not be recorded: {}", error.what());
    }
}

Exit already_done(const cli::Options &options, pq::Connection &control,
                  const state::Migration &migration) {
    const auto row = migration.row(control);
    spdlog::info("migration \"{}\" is done since {}: nothing to do", row.name, row.finished_at);
    report::print(options, control, migration.id());
    return Exit::ok;
}

} // namespace custody::run
