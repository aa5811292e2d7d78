// One look into the table that says which user is a member of which org, made as foreign keys look:
// as the table's owner, whatever row security says, with operators that no search_path changes.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

/// The columns as they are now. May ereport.
struct MembershipShape {
    Oid user_type, org_type, role_type; // InvalidOid: no such column
    bool is_table;                      // a table, partitioned or not; anything else is refused
    bool is_partitioned;
    bool is_deterministic; // neither column's collation takes different texts for the same
    char *schema, *table;  // quoted, in the current memory context
};
MembershipShape membership_shape(Oid relation, const char *user_column, const char *org_column,
                                 const char *role_column);

struct MembershipAnswer {
    bool is_member;
    bool has_several_roles;
    char *role; // nullptr = none; in the current memory context
};

/// Runs the query, whose $1 is the org and $2 the user, both text. May ereport.
MembershipAnswer ask_membership(Oid relation, const char *query, const char *org, const char *user);

} // namespace custody::tenant
