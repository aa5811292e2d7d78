// Tables whose rows the target must place itself, by routing them through a common root.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "loader/plan/selection.hpp"
#include "loader/plan/side.hpp"

namespace custody::plan {

/// The target's collation that a source's becomes; none when it is not known.
using TargetCollation = std::function<std::optional<Collation>(const Collation &)>;

/// True when the target may put a row that one partition holds on the source into another one:
/// hashing hashes OIDs (enumerations) or encoded text, ranges of text depend on the sort order.
bool routes_differently(const Partitioning &partitioning, const Side &source,
                        const std::string &target_encoding, const TargetCollation &collation);

/// True when the target has both tables and has partitioned them in another way.
bool partitioned_differently(const Relation &child, const Relation &parent, const Side &source,
                             const Side &target, const Selection &selection);

/// Tables with the same root land mixed in its leaves, so that only their sums can be compared:
/// gives them one form, one list of key columns and one number of buckets.
void unify_roots(std::vector<Table> &tables);

} // namespace custody::plan
