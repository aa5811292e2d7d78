// The expression that decides over a row for one role and one way to use a table, put together by
// the server's own row security code: permissive policies OR-ed, restrictive ones AND-ed, WITH
// CHECK or USING, the policies of SELECT added where the statement needs the right to read. Plain
// C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

/// Whether row security binds a role on a table, and if not, why.
enum class Binding { bound, off, bypasses, owns_unforced };
Binding binding_of(Relation relation, Oid role);

/// One way to use a table.
struct Use {
    CmdType command;
    bool reads; // the statement needs the right to read: WHERE, RETURNING, ON CONFLICT
    bool check; // what new rows must meet, not which rows are found
    const char *command_name;
    const char *part;
};

/// Expressions (variable number 1 is the row) that must all be true; NIL: each row will do. For a
/// role that is bound. The relation is locked. The result lives in the current memory context.
List *effective_expressions(Relation relation, Oid role, const Use *use);

/// Their AND as text, names as the search_path wants them.
char *expression_text(Relation relation, List *expressions);

} // namespace custody::tenant
