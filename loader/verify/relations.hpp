// The relations behind the tables of a scope: what is there, what the role may read.
#pragma once

#include <string>
#include <vector>

#include "loader/copy/snapshot.hpp"
#include "loader/verify/comparison.hpp"

namespace custody::verify {

struct Found {
    std::vector<copy::Relation> relations; // with their files as the snapshot sees them
    std::string missing;                   // why there is no such table; "" = it is there
    std::string unreadable;                // why the role may not read all of it; "" = it may
};

/// Of the source, by OIDs: the table's, or its leaves'.
std::vector<Found> find_on_source(pq::Connection &source,
                                  const std::vector<const plan::Table *> &tables);
/// Of the target, by name, with all partitions.
std::vector<Found> find_on_target(pq::Connection &target,
                                  const std::vector<const plan::Table *> &tables);

/// What only the target has, of what the options select: tables, and columns of the tables that
/// are compared.
std::vector<Comparison> only_on_target(const cli::Options &options, pq::Connection &target,
                                       const plan::Plan &plan);

/// Columns that hold values on the source and are generated on the target.
std::vector<Comparison> stored_on_source(pq::Connection &source, const plan::Plan &plan);

/// What either side has and nobody compares unless a migration knows of it.
std::vector<std::string> without_migration(pq::Connection &source, pq::Connection &target);

} // namespace custody::verify
