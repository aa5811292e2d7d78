// Code that tables and types bring along runs when somebody looks at them. Here it runs with the
// rights of their owners, not with those of who looks. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// Opens the partitioned tables that a statement that makes a trigger is about, which are locked,
/// with all partitions, as the statement will lock them: their keys, in which there may be
/// functions of their owners, are made ready as these. They stay so while the list is open.
List *open_as_owners(const char *statement);
void close_opened(List *relations);

/// Whose code may run when a value of a type is read or written (constraints of domains, casts to
/// json), at any depth: the owner that is no superuser; InvalidOid where there is none. Raises
/// feature_not_supported where they are several.
Oid owner_of_code(Oid type);

/// Setting custody.owner_code: whether it does run when values of the ledger are read. Nobody has
/// to wait for code that does not end.
bool runs_owner_code();
void init_owner_code();

} // namespace custody::audit
