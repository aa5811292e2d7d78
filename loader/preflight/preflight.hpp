#pragma once
#include <vector>
#include "loader/cli/options.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"
namespace custody::preflight {
inline std::vector<plan::Finding> check(pq::Connection &, pq::Connection &, const plan::Plan &, const cli::Options &) { return {}; }
}
