// One unit of schema work, as it is stored in custody.migration_task and applied to the target.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace custody::schema {

/// The order in which phases run. Rows are copied after pre_data. Tasks of `index` and
/// `constraint` with a table_id may start as soon as the rows of that table are copied, those of
/// `validate` run in parallel; a later phase waits for the phases before it. row_security comes
/// after verification, finish (refreshes, event triggers, settings) last of all.
enum class Phase { pre_data, index, constraint, foreign_key, validate, post, row_security, finish };

/// "pre_data", "index", ...
const char *name_of(Phase phase);
/// The reverse; throws Error (unexpected-answer) for a name that is none.
Phase phase_of(const std::string &name);

/// Ids are unique within a migration and start at 1; position is the order within everything.
struct Task {
    int id = 0;
    std::string kind; // schema, index, constraint, foreign_key, validate, sequence, ...
    Phase phase = Phase::pre_data;
    int position = 0;
    std::string object_type;     // as pg_dump names it: "TABLE", "FK CONSTRAINT"
    std::string object_schema;   // may be empty
    std::string object_name;     // pg_dump's tag: "table constraint" for a constraint
    std::optional<int> table_id; // plan::Table::id whose rows must be there first
    std::uint32_t table_oid = 0; // the relation on the source it belongs to; 0 = none
    int dump_id = 0;             // entry of the dump; 0 = none
    std::vector<int> depends;    // ids of tasks that must be done or benign before
    std::string sql;             // one or more statements; never BEGIN, COMMIT or CONCURRENTLY
    std::string note;            // why it is special, for the report; may be empty
    bool exists_same = false;    // the target has the same object already: benign, nothing to run
};

} // namespace custody::schema
