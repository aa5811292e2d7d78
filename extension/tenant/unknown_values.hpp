// Takes out of an expression what the prover must not run or believe: calls of functions and
// operators of users, volatile calls and sub-selects become parameters, about whose values nothing
// is known. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"
#include "extension/tenant/org_target.hpp"

namespace custody::tenant {

/// A copy of the expression in which only the server's own functions and custody's accessors are
/// called. *may_raise: a call with constant arguments is left, so that simplifying it may fail.
Node *without_unknowns(const AccessorSet *set, Node *expression, bool *may_raise);

} // namespace custody::tenant
