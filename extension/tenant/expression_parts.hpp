// What an expression over a row looks at: from this rows are made up on which it may be true.
// Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

struct ExpressionParts {
    Bitmapset *columns; // attribute numbers of variable number 1
    bool whole_row;     // the row itself or a system column, too
    List *constants;    // of Const, elements of constant arrays included
    List *settings;     // char *: names of settings it reads that any role can set
    List *keys;         // char *: keys it takes out of JSON, the outer ones first
};

/// Adds what the expressions look at, sub-selects included.
void collect_parts(List *expressions, ExpressionParts *parts);

} // namespace custody::tenant
