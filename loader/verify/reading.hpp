// What one side reads of a table: relations, values and condition, from the plan and the subject.
#pragma once

#include <string>
#include <vector>

#include "common/sql_profile.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

struct Reading {
    /// All that hold the rows, quoted: as input of regclass, and as FROM and LOCK TABLE take them
    /// (with ONLY unless partitions belong to it). Several where the source's partitions land in
    /// one table of the target.
    std::vector<std::string> relations;
    std::vector<std::string> from;
    std::vector<std::string> row; // the whole row, where FROM has no alias
    std::string condition;        // SQL; "" = all rows
    bool casts = false;           // a column is not read as it is stored
};

Reading reading_of(const Subject &subject, Which which);

/// SQL of a column's value on this side: its quoted name, with the plan's cast on the source.
std::string value_of(const plan::Column &column, Which which);

/// COPY (SELECT ...) TO STDOUT of the subject's rows in its form.
std::string copy_out(const Subject &subject, Which which);

/// For common/sql_profile, one for each relation of the reading. Asks the catalog for the send
/// functions in the binary form. Throws Error (refused) "send-function-missing" when a column has
/// none there.
std::vector<digest::SqlQuery> sql_queries(pq::Connection &connection, const Subject &subject,
                                          Which which);

/// Names of the plan's columns, in the order of the digest.
std::vector<std::string> column_names(const plan::Table &table);

} // namespace custody::verify
