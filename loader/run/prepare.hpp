// From options to a migration that can be executed: a new one, or one that was begun before.
#pragma once

#include <memory>
#include <optional>

#include "loader/cli/options.hpp"
#include "loader/copy/snapshot.hpp"
#include "loader/plan/plan.hpp"
#include "loader/schema/schema.hpp"
#include "loader/state/migration.hpp"

namespace custody::run {

/// What a dry run prints and what create() stores.
struct Proposal {
    std::unique_ptr<copy::Snapshot> snapshot;
    plan::Plan plan;
    schema::Schema schema;
    std::vector<schema::Role> roles; // that --roles creates
};

/// What execute() works on.
struct Prepared {
    std::unique_ptr<copy::Snapshot> snapshot;
    int snapshot_number = 0;
    plan::Plan plan;
    std::optional<state::Migration> migration;
    std::vector<state::Unproven> found; // on the source since, and not moved
};

/// Reads both sides, writes nothing: snapshot, locks, plan, dump, preflight.
Proposal propose(const cli::Options &options, pq::Connection &target);

/// Stores the proposal as a new migration; the first write of a run.
Prepared create(const cli::Options &options, pq::Connection &target, Proposal proposal);

/// Takes a new snapshot and locks the relations of the plan in it: repeated while one of them
/// was truncated or rewritten in between. Throws Error "source-keeps-changing".
std::unique_ptr<copy::Snapshot>
locked_snapshot(const cli::Options &options,
                const std::function<plan::Plan(pq::Connection &)> &make_plan, plan::Plan &plan);

/// Records the snapshot and returns its number.
int record_snapshot(pq::Connection &target, const state::Migration &migration,
                    const plan::Plan &plan, const copy::Snapshot &snapshot);

} // namespace custody::run
