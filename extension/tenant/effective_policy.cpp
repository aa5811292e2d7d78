// Plain C-style: no local has a destructor.
#include "extension/tenant/effective_policy.hpp"

namespace custody::tenant {

namespace {

AclMode rights_needed(const Use *use) {
    AclMode rights = use->reads ? ACL_SELECT : ACL_NO_RIGHTS;
    switch (use->command) {
    case CMD_INSERT:
        return rights | ACL_INSERT;
    case CMD_UPDATE:
        return rights | ACL_UPDATE;
    case CMD_DELETE:
        return rights | ACL_DELETE;
    default:
        return rights | ACL_SELECT;
    }
}

/// As the parser would have made it for a statement of the role.
Query *statement_on(Relation relation, Oid role, const Use *use) {
    auto *entry = makeNode(RangeTblEntry);
    entry->rtekind = RTE_RELATION;
    entry->relid = RelationGetRelid(relation);
    entry->relkind = relation->rd_rel->relkind;
    entry->rellockmode = AccessShareLock;
    entry->inFromCl = use->command == CMD_SELECT;
    auto *query = makeNode(Query);
    query->commandType = use->command;
    query->rtable = list_make1(entry);
    query->resultRelation = use->command == CMD_SELECT ? 0 : 1;
    custody_set_privileges(query, entry, rights_needed(use), role);
    return query;
}

List *checks(List *options, WCOKind kind) {
    List *expressions = NIL;
    ListCell *cell;
    foreach (cell, options) {
        auto *option = lfirst_node(WithCheckOption, cell);
        if (option->kind == kind) {
            expressions = lappend(expressions, option->qual);
        }
    }
    return expressions;
}

} // namespace

Binding binding_of(Relation relation, Oid role) {
    if (!relation->rd_rel->relrowsecurity) {
        return Binding::off;
    }
    if (check_enable_rls(RelationGetRelid(relation), role, true) == RLS_ENABLED) {
        return Binding::bound;
    }
    return has_bypassrls_privilege(role) ? Binding::bypasses : Binding::owns_unforced;
}

List *effective_expressions(Relation relation, Oid role, const Use *use) {
    Query *query = statement_on(relation, role, use);
    List *quals = NIL;
    List *options = NIL;
    bool has_row_security = false;
    bool has_sub_selects = false;
    get_row_security_policies(query, linitial_node(RangeTblEntry, query->rtable), 1, &quals,
                              &options, &has_row_security, &has_sub_selects);
    if (!use->check) {
        return quals;
    }
    return checks(options,
                  use->command == CMD_INSERT ? WCO_RLS_INSERT_CHECK : WCO_RLS_UPDATE_CHECK);
}

char *expression_text(Relation relation, List *expressions) {
    if (expressions == NIL) {
        return pstrdup("true");
    }
    auto *all = static_cast<Node *>(copyObjectImpl(make_ands_explicit(expressions)));
    return deparse_expression(
        all, deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation)),
        false, false);
}

} // namespace custody::tenant
