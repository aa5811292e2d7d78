// The columns of one table's copy: matched by name between source and target.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loader/plan/casts.hpp"
#include "loader/plan/plan.hpp"

namespace custody::plan {

/// What decides the form of a table that the target does not have yet.
struct FutureTarget {
    int version = 0;                               // 0 = no target is known
    std::map<std::string, std::string> extensions; // name -> version, installed or available
};

/// The source's columns alone: the target's will be the same.
void take_columns(Table &table, const std::vector<Attribute> &source, const Types &types,
                  const FutureTarget &target);

/// Matches against a table that exists. `casts`: the user's choice by column name. What does not
/// fit becomes a blocking finding; the column is then left out.
std::vector<Finding> match_columns(Table &table, const std::vector<Attribute> &source,
                                   const Types &source_types, const std::vector<Attribute> &target,
                                   const Types &target_types, const TypePairs &pairs,
                                   const std::map<std::string, std::string> &casts,
                                   int target_version);

} // namespace custody::plan
