// What an expression of a policy implies, by the server's own predicate prover. Plain C-style.
//
// Nothing of a user is run, inlined or believed: a call of a function or operator that is neither
// the server's nor an accessor of custody counts as a value of which nothing is known, and so does
// a sub-select, unless it is only an expression in brackets, as in (select f()). What is proven
// holds whatever those values are. Volatile calls are unknown anew each time.
#pragma once

#include "extension/pg/postgres.hpp"
#include "extension/tenant/org_target.hpp"

namespace custody::tenant {

/// The conditions that must all be true for the expressions (a list, AND-ed) to be true. Does not
/// evaluate functions of users; a constant part of the server's own functions may raise.
List *simplified(const AccessorSet *set, List *expressions);

/// As simplified(); nullptr, and the reason, where that raises. Needs no clean-up by the caller.
bool try_simplify(const AccessorSet *set, List *expressions, List **conditions, char **reason);

/// True when no row meets the conditions: one of them is a constant that is not true.
bool admits_nothing(const List *conditions);

/// True when one of the targets is true for each row for which all the conditions are.
bool implies(List *conditions, List *targets);

/// How a policy stands to "org column = context's org": as it, narrower, or neither.
enum class Standing { same, narrower, different };
Standing standing(List *conditions, List *targets);
const char *name_of(Standing standing);

} // namespace custody::tenant
