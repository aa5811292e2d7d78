// What a policy would be with the verified context in place of what it reads now: a comparison of
// the org column with a claim or a setting becomes one with the org of the context, a sub-select of
// the organizations of which the user is a member one with the orgs of the context. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"
#include "extension/tenant/org_target.hpp"

namespace custody::tenant {

struct Rewrite {
    Oid relation;
    AttrNumber column;
    const AccessorSet *accessors;
    List *claims;      // of List *: paths of claims that were replaced
    List *settings;    // of List *: settings, the name first
    List *memberships; // of Oid: tables of replaced sub-selects
    List *sources;     // of Node *: what read these claims and settings
    bool is_exact;     // none of them was compared in a way that makes two organizations one
};

/// A copy of the expression with everything replaced that is recognised; what was, is added to the
/// lists. Conditions beside the user's own in a sub-select are not dropped: such a one stays.
Node *rewritten(Rewrite *rewrite, Node *expression);

/// A copy in which no sub-select can be pulled up into a join, as none in a policy is: for EXPLAIN.
Node *with_kept_subselects(Node *expression);

} // namespace custody::tenant
