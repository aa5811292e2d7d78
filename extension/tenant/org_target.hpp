// What a policy must imply: that the org column of a row is the org of the context, or, for roles
// of several organizations, one of the context's. Built as expressions of the server, with the
// operator that pg_catalog has for the column's type and custody's own accessors, both by OID, so
// that no operator or function of a user can stand for them. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

/// custody's accessors for one type of org. A function that does not look as custody made it
/// (another language, not stable, not of the extension) is InvalidOid.
struct Accessors {
    Oid type;           // what the first two return
    Oid active;         // current_org_...
    Oid active_or_null; // current_org_or_null_...
    Oid all;            // current_orgs_...
};

/// The accessors of all types, looked up once and used for one statement.
struct AccessorSet {
    Accessors uuid, bigint, text;
};
AccessorSet find_accessors();

/// Those for an org column of this type, domains included; nullptr: of no type that an org has.
const Accessors *accessors_for(const AccessorSet *set, Oid column_type);

/// True for a function that is one of them.
bool is_accessor(const AccessorSet *set, Oid function);

enum class Orgs { active, any };

/// The expressions, each of which says that the row (variable number 1) is of the context's org; of
/// one of its orgs with Orgs::any. NIL when the column has no type that an org can have, its
/// equality is not of bytes (a nondeterministic collation) or the accessors are not there.
List *org_targets(const AccessorSet *set, Oid relation, AttrNumber column, Orgs orgs);

} // namespace custody::tenant
