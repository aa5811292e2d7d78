// Expressions in policies that read who is asking: claims of a token, as auth.jwt() ->> 'org_id',
// and settings, as current_setting('app.org'). With casts, nullif(..., '') and (select ...) around
// them. Recognised by name and shape only: what is recognised is said to a person, or replaced by
// what can be proven, and never believed. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

enum class SourceKind {
    none,
    claim,   // path: names that lead to it in the claims of a token
    setting, // path: name of the setting, then names that lead to it in its JSON
    user     // auth.uid() and its like, or the context's user
};

struct ClaimSource {
    SourceKind kind;
    List *path; // of char *
};

/// What the expression reads; none for anything else, or when it reads a column.
ClaimSource claim_source(Node *expression);

/// Without casts, nullif(..., '') and (select ...) around it.
Node *without_wrapping(Node *expression);

/// True for a call of pg_catalog's operator "=", of whatever types.
bool is_equality(const Node *expression);

/// The operator's name when it is pg_catalog's; empty otherwise.
const char *catalog_operator(Oid op);

} // namespace custody::tenant
