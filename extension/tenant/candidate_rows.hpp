// Queries that give rows to try an expression on: what they return is one array of the relation's
// row type. Of columns that do not matter the value is NULL. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"
#include "extension/tenant/expression_parts.hpp"

namespace custody::tenant {

struct Candidates {
    Relation relation;
    AttrNumber column; // of the org
    const ExpressionParts *parts;
    const Bitmapset *key; // columns of the primary key, by which a live row is found again
};

/// Rows that are there, the first few hundred of them.
char *live_rows_query(const Candidates *candidates);

/// Rows made up: `org` in the org column, else what the expression mentions, `context` (the org in
/// whose context it is tried) and some common values. nullptr where none can be made up.
char *made_up_rows_query(const Candidates *candidates, const char *org, const char *context);

/// Conditions that a row made up has to meet to be one of the relation: its CHECK constraints and
/// its bounds as a partition.
List *constraints_of(Relation relation);

/// Adds the NOT NULL columns and the constants of these, without which a row that meets them may
/// not be possible.
void add_constrained(Relation relation, List *constraints, ExpressionParts *parts);

/// Schema-qualified and quoted.
char *relation_name(Relation relation);

} // namespace custody::tenant
