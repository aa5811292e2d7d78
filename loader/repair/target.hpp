// What a repair has to know of the target's tables beyond the plan: how a value is compared
// exactly, what must be unique and what refers to what. Plain values but for read_schema().
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::repair {

struct TargetColumn {
    std::string name;
    std::string type;           // as a cast takes it: qualified, of a domain what it stands for
    std::string equals;         // of a key column: its index's operator, as OPERATOR("s".=)
    bool exact = false;         // "=" tells any two values apart that are not the same
    bool text = false;          // long values may be compared by a hash of their UTF-8 text
    bool nullable = true;       // also once it has a value: no NOT NULL on it or its domain
    bool never_updated = false; // GENERATED ALWAYS AS IDENTITY
    bool cascaded = false;      // a foreign key with ON UPDATE CASCADE may set it
};

/// A unique index that is valid; of one with expressions only the plain columns, all of them of
/// rows that the table has.
struct Unique {
    std::vector<std::size_t> columns; // of TargetTable::columns
    std::string deferrable;           // quoted name of its constraint where that is; otherwise ""
    bool one_null = false;            // NULLS NOT DISTINCT
};

struct TargetTable {
    const plan::Table *plan = nullptr; // not owned
    std::vector<TargetColumn> columns; // as plan::Table::columns
    std::vector<std::size_t> key;      // of columns, as plan::Table::key
    std::vector<Unique> uniques;
    bool identity = false;   // it has an identity column
    bool more = false;       // it has columns that are not compared: a new row would lose them
    bool referenced = false; // by a foreign key, of whatever table

    std::string name() const { return plan->target_schema + "." + plan->target_name; }
};

/// A foreign key of tables in scope; those of partitions are told by their root.
struct ForeignKey {
    std::size_t child = 0, parent = 0; // tables of the schema
    std::vector<std::size_t> child_columns, parent_columns;
    std::string deferrable; // as Unique::deferrable
};

/// A foreign key, of whatever table, by which a deleted row takes others along or changes them.
struct Dependent {
    std::size_t parent = 0;
    std::string relation;                    // of the child, quoted
    std::vector<std::string> child_columns;  // quoted
    std::vector<std::string> parent_columns; // quoted
    std::vector<std::string> equals;         // operators, as OPERATOR("s".=)
    bool operator==(const Dependent &) const = default;
};

struct Schema {
    std::vector<TargetTable> tables;
    std::vector<ForeignKey> foreign_keys;
    std::vector<Dependent> dependents;
    bool hash_text = true; // false for SQL_ASCII: its text has no UTF-8 to hash
};

/// Reads the catalogs of the target. The plan outlives what is returned.
Schema read_schema(pq::Connection &target, const plan::Plan &plan);

} // namespace custody::repair
