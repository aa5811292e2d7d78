// Trying something out as somebody else: as a role, in the context of an organization, read-only,
// and rolled back. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

/// From where something is tried.
struct Standpoint {
    Oid role;
    Oid org_type;              // UUIDOID, INT8OID or TEXTOID
    const char *org;           // nullptr: without a context
    List *settings;            // char *: settings that the role can set ...
    const char *setting_value; // ... and what it sets them to; nullptr: it leaves them
};

/// False where the current user must not act as the role: such a trial would show more than it may.
bool may_take(Oid role);

/// Takes the standpoint until the end of the subtransaction that it is in.
void take(const Standpoint *standpoint);

/// The values (char *) in the first column of the query, NULL ones left out, read in a
/// subtransaction; as the current user where `standpoint` is nullptr. False: *error says why not.
bool read_values(const char *query, const Standpoint *standpoint, List **values, char **error);

/// Orgs that no table has, one for the context and one for rows: constants, so that the same
/// database gives the same result. They fit into each type that an org column can have.
struct MadeUpOrgs {
    const char *context;
    const char *other;
};
MadeUpOrgs made_up_orgs(Oid column_type);

} // namespace custody::tenant
