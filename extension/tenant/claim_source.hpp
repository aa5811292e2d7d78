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

/// Whether the comparison of a column with a claim finds the organization that the claim names and
/// no other: a cast that shortens, a collation or a type for which two texts are equal, a cast of
/// users may be in between. Of the casts around both sides only those count as harmless from which
/// the value can be had back.
bool compares_exactly(Node *comparison, Node *column, Node *claim);

/// Without the outermost cast, nullif(..., '') or (select ...) around it; nullptr where there is
/// none.
Node *without_layer(Node *expression);

/// Without all of these.
Node *without_wrapping(Node *expression);

/// True for a call of pg_catalog's operator "=", of whatever types.
bool is_equality(const Node *expression);

/// The operator's name when it is pg_catalog's; empty otherwise.
const char *catalog_operator(Oid op);

} // namespace custody::tenant
