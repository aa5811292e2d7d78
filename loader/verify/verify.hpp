// The command `custody verify`: both sides read again, compared, nothing written but the
// checkpoint file.
#pragma once

#include <functional>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"
#include "loader/plan/plan.hpp"
#include "loader/verify/comparison.hpp"

namespace custody::verify {

/// Compares two databases, each under one snapshot that all jobs share: by the plan of the newest
/// migration of the name where the target has one, otherwise by the options. Tables are compared
/// by digests, which each side gives in its own way (ways.hpp); of a migration also sequences and
/// large objects. Exit::unverified unless there is something and all of it is equal. With
/// options.dry_run only the plan of ways is printed.
Exit verify(const cli::Options &options);

struct Compared {
    Verification verification;
    std::vector<plan::Table> tables; // that were compared
};

/// The comparison without its report. With `wanted` only of these tables.
Compared compare(const cli::Options &options,
                 const std::function<bool(const plan::Table &)> &wanted = {});

} // namespace custody::verify
