// The order in which the tasks of a migration run.
#pragma once

#include <string>

namespace custody::schema {

/// Rows are copied after pre_data, whose tasks run one after another. Tasks of `index` and
/// `constraint` with needs_rows may start as soon as the rows of their table are copied; the tasks
/// of a phase may run in parallel as far as `depends` allows; from foreign_key on a phase starts
/// when all rows are there and the phases before it are over. row_security comes after
/// verification, finish (refreshes, event triggers, settings) last of all.
enum class Phase { pre_data, index, constraint, foreign_key, validate, post, row_security, finish };

inline constexpr const char *kPhases[] = {"pre_data", "index", "constraint",   "foreign_key",
                                          "validate", "post",  "row_security", "finish"};

/// As stored in custody.migration_task.
inline std::string name_of(Phase phase) { return kPhases[static_cast<int>(phase)]; }

} // namespace custody::schema
