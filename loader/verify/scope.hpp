// What is compared, and how: made from both catalogs, and from a migration's plan where there is
// one, under the snapshots of both sides. What needs no look to be judged is told at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/copy/snapshot.hpp"
#include "loader/plan/plan.hpp"
#include "loader/state/rows.hpp"
#include "loader/verify/comparison.hpp"
#include "loader/verify/ways.hpp"

namespace custody::verify {

/// The digests that a migration stored of one table of the source.
struct Remembered {
    digest::BucketSet digests;
    std::string lsn; // of the snapshot under which it was copied
};

struct Item {
    plan::Table table;
    std::string condition; // as in Subject
    Ways ways;
    // All that hold its rows, to be locked and looked at for rewrites.
    std::vector<copy::Relation> source, target;
    std::optional<Remembered> remembered; // for Way::stored
};

struct Scope {
    plan::Server source, target;
    Ability source_ability, target_ability;
    std::vector<Item> items; // largest first
    std::vector<state::TaskRow> tasks;
    std::vector<Comparison> told;
    std::vector<std::string> not_compared;
    std::int64_t migration = 0; // 0 = none
};

/// `source` may be null with --method=stored. Both are in a transaction under their side's
/// snapshot. Throws Error (refused) as require_possible() does, "migration-missing" when stored
/// digests are asked for and there is no migration, "settings-differ" when --map or --cast is not
/// that of the migration; (usage) for patterns that match nothing.
Scope make_scope(const cli::Options &options, pq::Connection *source, pq::Connection &target);

} // namespace custody::verify
