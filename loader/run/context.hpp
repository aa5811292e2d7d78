// What the steps of one run share. Owned by run(); outlives its workers. Members are set up
// before workers start and constant from then on, but for the thread-safe ones.
#pragma once

#include <string>

#include "loader/cli/options.hpp"
#include "loader/copy/snapshot.hpp"
#include "loader/copy/stream.hpp"
#include "loader/plan/plan.hpp"
#include "loader/run/chronicle.hpp"
#include "loader/state/migration.hpp"
#include "loader/ui/progress.hpp"

namespace custody::run {

struct Context {
    const cli::Options &options;
    plan::Plan plan;
    copy::Snapshot &snapshot;
    int snapshot_number;
    bool resumed;
    state::Migration migration;
    ui::Progress &progress;
    Chronicle &chronicle;
    copy::RateLimiter limiter;
};

/// For the eyes of the user now, and for the report later.
inline void enter_phase(Context &context, const std::string &name) {
    context.progress.phase(name);
    context.chronicle.phase(name);
}

/// "INDEX schema.name", for messages.
inline std::string display_name(const state::TaskRow &task) {
    const std::string schema = task.object_schema.empty() ? "" : task.object_schema + ".";
    return task.object_type + " " + schema + task.object_name;
}

/// "schema.name" of the source, for messages.
inline std::string display_name(const plan::Table &table) {
    return table.schema + "." + table.name;
}

} // namespace custody::run
