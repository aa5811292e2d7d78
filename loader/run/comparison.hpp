// What `custody verify` found out about one object, and how it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/copy/snapshot.hpp"
#include "loader/core/error.hpp"
#include "loader/run/worker.hpp"
#include "loader/state/rows.hpp"

namespace custody::run {

struct Comparison {
    std::string type; // table, sequence, large object
    std::string name;
    std::optional<std::int64_t> source_rows, target_rows;
    std::string source, target; // digests or values
    std::string verdict;        // equal, different, unverified
    std::string reason;
};

/// The target's sequence is not behind the source's.
Comparison compare_sequence(Worker &worker, const state::TaskRow &task);
/// The content of a large object is the same.
Comparison compare_large_object(Worker &worker, const state::TaskRow &task);

/// On stdout, as a table or as JSON; the exit code they add up to.
Exit print_comparisons(const cli::Options &options, const copy::SnapshotFacts &snapshot,
                       std::vector<Comparison> results);

} // namespace custody::run
