// What the design asks before a copied table may be called equal, looked at on both sides.
#pragma once

#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"
#include "loader/state/verdict.hpp"

namespace custody::verify {

/// What the target stores now: the extension's scan, partitions below a root summed.
struct TargetScan {
    std::int64_t rows = 0;
    std::int64_t foreign_rows = 0; // rows whose xmin is none of the writers
    digest::BucketSet digests;
};

/// Whether to keep others from writing while the table is read (SHARE, kept to the end of the
/// transaction).
enum class Locking { none, share };

/// Runs inside the caller's transaction. `writers`: xid8 texts; empty = do not look at xmin.
/// Of an extension's configuration table only the rows that its condition selects are read.
TargetScan scan_target(pq::Connection &target, const plan::Table &table,
                       const std::vector<std::string> &writers, Locking locking = Locking::share);

/// Rows that meet the condition ("" = all) and whose generated columns do not hold what their
/// expressions yield.
std::int64_t wrong_generated_rows(pq::Connection &target, const plan::Table &table,
                                  const std::string &condition = {});

/// Rows in which a cast that the user chose loses something, on the source under the connection's
/// snapshot.
std::int64_t lossy_rows(pq::Connection &source, const plan::Table &table);

/// count(*) on the source under the connection's snapshot, by the plan's conditions.
std::int64_t count_source(pq::Connection &source, const plan::Table &table);

} // namespace custody::verify
