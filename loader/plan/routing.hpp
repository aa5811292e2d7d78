// Which tables of the source become one table of the plan, because the target must place their
// rows itself.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loader/plan/selection.hpp"
#include "loader/plan/side.hpp"

namespace custody::plan {

/// The target's collation that a source's becomes; none when it is not known.
using TargetCollation = std::function<std::optional<Collation>(const Collation &)>;

/// What one table of the plan reads.
struct Unit {
    const Relation *source = nullptr;     // a table, or the partitioned table above the leaves
    std::vector<const Relation *> leaves; // by name; empty = the source is a table
};

/// A leaf of the unit's partitioned table that is not among its leaves; null when there is none.
const Relation *missing_leaf(const Unit &unit, const Side &source);

class Router {
  public:
    /// Refers to all of them. Without a target (no relations on its side, no version) nothing is
    /// routed.
    Router(const Side &source, const Side &target, const Selection &selection,
           TargetCollation collation)
        : source_(source), target_(target), selection_(selection),
          collation_(std::move(collation)) {}

    /// Tables on their own, and for those whose rows the target may put elsewhere one unit per
    /// topmost partitioned table where it does: its rows land mixed, so that only their sum can
    /// be compared.
    std::vector<Unit> units(const std::vector<const Relation *> &selected) const;

    /// True when the target may put a row that one partition holds on the source into another
    /// one: hashing hashes OIDs (enumerations) or encoded text, ranges of text depend on the sort
    /// order.
    bool routes_differently(const Partitioning &partitioning) const;

  private:
    const Relation *counterpart(const Relation &relation) const;
    bool belongs(const Relation &leaf, const Relation &ancestor) const;
    bool partitioned_differently(const Relation &child, const Relation &parent) const;
    const Relation *root_of(const Relation &leaf) const;

    const Side &source_;
    const Side &target_;
    const Selection &selection_;
    TargetCollation collation_;
};

} // namespace custody::plan
