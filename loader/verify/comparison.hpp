// What `custody verify` found out about one object, and about all of them. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/copy/snapshot.hpp"
#include "loader/core/error.hpp"
#include "loader/plan/plan.hpp"
#include "loader/verify/differences.hpp"
#include "loader/verify/ways.hpp"

namespace custody::verify {

struct Comparison {
    std::string type; // table, column, sequence, large object
    std::string name; // on the source; on the target where only that has it
    std::string target_name;
    std::string schema; // of a table that was compared, on the source
    std::optional<std::int64_t> source_rows, target_rows;
    std::string source, target; // digests or values
    std::string verdict;        // equal, different, unverified
    std::string reason;
    std::optional<Ways> ways; // of a table whose digests were compared
    std::uint32_t differing_buckets = 0;
    // Where each side stood when it was read, and when that was.
    std::string source_lsn, target_lsn, verified_at;
    bool from_checkpoint = false;
    std::optional<TableDifferences> differences; // where rows were looked for
};

/// A comparison of which nothing is known but why.
Comparison unverified(std::string type, std::string name, std::string reason);

/// One side as it was read.
struct SideFacts {
    plan::Server server;
    copy::SnapshotFacts snapshot; // empty where the migration's stored digests stand for it
};

struct Verification {
    SideFacts source, target;
    std::vector<Comparison> objects;
    std::vector<std::string> not_compared; // "kind name: reason" for what is out of scope
    std::string checkpoint;                // the file; "" = none

    /// ok only when there are objects and all of them are equal.
    Exit exit() const;
    std::string_view verdict() const; // "equal", "different" or "unverified"
};

} // namespace custody::verify
