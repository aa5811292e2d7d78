// What became of the planned tables on the source since the plan was made.
#pragma once

#include <string>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/plan/plan.hpp"
#include "loader/state/migration.hpp"

namespace custody::run {

struct Reconciled {
    plan::Plan
        plan; // the stored one, of the tables that are still there, with their present ranges
    struct Altered {
        plan::Table table; // as stored
        std::string why;
    };
    std::vector<Altered> altered;     // gone, or with other columns: its rows cannot be compared
    std::vector<std::string> remade;  // same name and columns, but another relation
    std::vector<std::string> created; // in the selection now, not in the stored plan
};

/// `now` must have been made with the options of the stored plan and from the source alone: a
/// column that the target lacks would not be in it. Pure.
Reconciled reconcile(plan::Plan stored, const plan::Plan &now);

/// Tables that the source has by now and the migration does not move: a run that leaves them out
/// has not moved all.
std::vector<state::Unproven> new_tables(const std::vector<std::string> &created);

/// The same, and large objects for which there is no task. (A resumed run takes those along.)
std::vector<state::Unproven> new_objects(const cli::Options &options,
                                         const std::vector<std::string> &created,
                                         pq::Connection &source,
                                         const std::vector<state::TaskRow> &tasks);

} // namespace custody::run
