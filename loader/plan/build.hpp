// Makes the plan from the catalogs of both servers. Reads only; writes nothing anywhere.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::plan {

/// `target` may be null: then only the source decides. Uses the transaction a connection is in
/// and leaves it open; otherwise one of its own. Findings that only a reader of the catalogs can
/// make (columns that do not fit) are in the plan; preflight::check makes the others.
/// Throws Error with Exit::usage for patterns that are malformed or match nothing.
/// The audit ledger is never among the user's tables: it has a scope of its own.
enum class Scope { user, ledger };
Plan build(pq::Connection &source, pq::Connection *target, const cli::Options &options,
           Scope scope = Scope::user);

} // namespace custody::plan
