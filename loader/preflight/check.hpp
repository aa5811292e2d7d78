// What stands in the way of a run: looked up on both servers before anything is written.
// Every finding has a code of the table in plan/finding_codes.hpp.
#pragma once

#include <vector>

#include "loader/cli/options.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::preflight {

/// Runs all checks. Both connections are pinned (pq::pin, not pin_target, which would throw what
/// is a finding here) and in no transaction; some checks open and roll back one, some open a second
/// connection by the options' connection strings for a moment. Nothing is changed on either server.
/// A check that the role may not make says nothing, unless that means that the run cannot work.
/// Throws what state::handshake() throws, and SqlError.
std::vector<plan::Finding> check(pq::Connection &source, pq::Connection &target,
                                 const plan::Plan &plan, const cli::Options &options);

} // namespace custody::preflight
