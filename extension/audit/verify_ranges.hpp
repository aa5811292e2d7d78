// An index of block ranges (BRIN) of a verification of indexes. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// Whether it is such an index over one column of times, whole: others are not compared.
bool is_index_of_times(Relation index);

/// nullptr: every row's time lies within the summary of its range.
const char *what_is_wrong_in_ranges(Relation table, Relation index, Snapshot snapshot);

} // namespace custody::audit
