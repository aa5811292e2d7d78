// The SQL texts of a table's copy and checks, made from its plan. Pure; every name is quoted.
// They expect pinned sessions with an empty search_path.
#pragma once

#include <string>

#include "loader/plan/plan.hpp"

namespace custody::plan {

/// "schema"."table" on the source and on the target.
/// All that hold a table's rows on the source: itself, or its leaves; with ONLY, for LOCK TABLE.
std::string source_storage(const Table &table);
std::string source_relation(const Table &table);
std::string target_relation(const Table &table);
/// The target's with ONLY in front, unless its partitions' rows belong to it; for FROM, TRUNCATE
/// and LOCK.
std::string target_rows(const Table &table);

/// "ctid >= ... AND ctid < ... AND (filter)"; "" when all rows qualify.
std::string part_condition(const Table &table, const Part &part);

/// COPY (SELECT ...) TO STDOUT on the source: columns in canonical order, with their casts.
std::string copy_out(const Table &table, const Part &part);

/// COPY ... FROM STDIN on the target. `freeze` only after a TRUNCATE in the same transaction.
std::string copy_in(const Table &table, bool freeze);

/// True when one transaction may TRUNCATE the table and COPY with FREEZE.
bool can_freeze(const Table &table);

/// SELECT count(*) of the rows that the plan selects, on the source.
std::string count_rows(const Table &table);

/// SELECT count(*) of a part's rows in which a cast that the user chose loses something, on the
/// source; "" when there is no such cast.
std::string count_lossy_rows(const Table &table, const Part &part);

/// SELECT count(*) of the rows whose generated columns do not hold what their expressions yield,
/// on the target; "" when there is no generated column. `condition`: SQL, "" = all rows.
std::string count_wrong_generated(const Table &table, const std::string &condition = {});

} // namespace custody::plan
