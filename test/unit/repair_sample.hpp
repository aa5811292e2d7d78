// Tables for the tests of the repair: parent <- child (by code), both with a key and a unique
// column.
#pragma once

#include <initializer_list>

#include "loader/repair/change.hpp"

namespace custody::repair {

inline TargetColumn sample_column(const std::string &name, const std::string &type = "integer") {
    TargetColumn column;
    column.name = name;
    column.type = type;
    column.exact = type != "public.citext" && type != "numeric";
    column.text = type == "text";
    return column;
}

inline TargetTable sample_table(const plan::Table &plan, std::vector<TargetColumn> columns) {
    TargetTable table;
    table.plan = &plan;
    table.columns = std::move(columns);
    table.key = {0};
    table.columns[0].nullable = false;
    table.columns[0].equals = "OPERATOR(pg_catalog.=)";
    table.uniques.push_back({{0}, ""});
    return table;
}

inline plan::Table sample_plan(const std::string &schema, const std::string &name) {
    plan::Table plan;
    plan.schema = plan.target_schema = schema;
    plan.name = plan.target_name = name;
    return plan;
}

inline Change sample_change(std::size_t table, Values before, Values after) {
    Change change;
    change.action = before.empty()  ? Action::insert
                    : after.empty() ? Action::erase
                                    : Action::update;
    change.table = table;
    change.before = std::move(before);
    change.after = std::move(after);
    return change;
}

} // namespace custody::repair
