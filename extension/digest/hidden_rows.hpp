// Whether row security hides rows from a query that digests a table. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// Raises insufficient_privilege where row security is active for the caller on a relation, or, on
/// it or a child of it, for the role as which the query reads it.
void refuse_hidden_rows(Oid relation, const EState *query);

/// Raises insufficient_privilege where the relation of a row type has row security and the query's
/// plan may be another role's. Only the leader of a parallel query can tell.
void refuse_plan_of_another_role(Oid type, const EState *query);

} // namespace custody::digest
