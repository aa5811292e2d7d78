// The search for a witness: a row of another organization than the context's for which an
// expression is true, when it is evaluated as the role. Rows that are there are tried first, then
// rows made up from what the expression looks at, that meet the table's constraints. Everything
// happens in a subtransaction that is read-only and always rolled back. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"
#include "extension/tenant/org_target.hpp"

namespace custody::tenant {

struct Search {
    Relation relation;
    AttrNumber column;
    Oid role;
    List *expressions;
    const char *text; // the expressions' AND
    bool check;       // what new rows must meet
    const AccessorSet *accessors;
};

/// The witness as text; nullptr when none was found, *shortcoming then says what kept the search
/// from being one (or stays nullptr). `sightings` keeps what was found for a role and an expression
/// between calls for one relation; it starts as NIL.
const char *find_witness(const Search *search, List **sightings, char **shortcoming);

} // namespace custody::tenant
