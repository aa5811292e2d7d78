// custody.prove_reading(): whether a role really sees rows of other organizations through a view.
// Plain C-style: no local has a destructor.
#include "extension/pg/boundary.hpp"
#include "extension/tenant/org_target.hpp"
#include "extension/tenant/trial.hpp"

namespace custody::tenant {

namespace {

struct View {
    AttrNumber column; // the org's
    Oid column_type;
    const char *name;        // quoted, with its schema
    const char *column_name; // quoted
};

char *name_of_relation(Oid relation) {
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                      get_rel_name(relation));
}

/// False where the view has no column of that name and of a type like the table's.
bool find_view(Oid view, Oid relation, const char *column, View *found) {
    found->column = get_attnum(view, column);
    const AttrNumber original = get_attnum(relation, column);
    if (found->column <= 0 || original <= 0 || get_rel_name(view) == nullptr) {
        return false;
    }
    found->column_type = getBaseType(get_atttype(view, found->column));
    found->name = name_of_relation(view);
    found->column_name = quote_identifier(column);
    return found->column_type == getBaseType(get_atttype(relation, original));
}

/// The orgs to be in: one that is nobody's, and some that have rows. Asked of the table: what the
/// view calls must not run as the current user.
List *orgs_to_try(const View *view, Oid relation) {
    const char *query = psprintf("SELECT DISTINCT t.%s::text FROM (SELECT * FROM %s LIMIT 500) t "
                                 "ORDER BY 1 LIMIT 2",
                                 view->column_name, name_of_relation(relation));
    List *orgs = NIL;
    char *error;
    (void)read_values(query, nullptr, &orgs, &error); // then the one that is nobody's must do
    return lcons(pstrdup(made_up_orgs(view->column_type).context), orgs);
}

const char *foreign_row(const View *view, Oid role, Oid org_type, const char *org) {
    const char *query =
        psprintf("SELECT left(jsonb_strip_nulls(to_jsonb(v.*))::text, 400) FROM %s v "
                 "WHERE v.%s IS DISTINCT FROM %s::%s LIMIT 1",
                 view->name, view->column_name, quote_literal_cstr(org),
                 format_type_be_qualified(view->column_type));
    const Standpoint standpoint{role, org_type, org, NIL, nullptr};
    List *rows = NIL;
    char *error;
    if (!read_values(query, &standpoint, &rows, &error) || rows == NIL) {
        return nullptr;
    }
    return psprintf("live row %s in a context of %s", static_cast<const char *>(linitial(rows)),
                    org);
}

} // namespace

} // namespace custody::tenant

using namespace custody;

CUSTODY_FUNCTION(custody_prove_reading) {
    const Oid role = PG_GETARG_OID(3);
    tenant::View view;
    const tenant::AccessorSet set = tenant::find_accessors();
    if (!tenant::find_view(PG_GETARG_OID(0), PG_GETARG_OID(1), NameStr(*PG_GETARG_NAME(2)),
                           &view) ||
        !tenant::may_take(role)) {
        PG_RETURN_NULL();
    }
    const tenant::Accessors *accessors = tenant::accessors_for(&set, view.column_type);
    ListCell *cell;
    foreach (cell, accessors == nullptr ? NIL : tenant::orgs_to_try(&view, PG_GETARG_OID(1))) {
        CHECK_FOR_INTERRUPTS();
        const char *witness = tenant::foreign_row(&view, role, accessors->type,
                                                  static_cast<const char *>(lfirst(cell)));
        if (witness != nullptr) {
            PG_RETURN_TEXT_P(cstring_to_text(witness));
        }
    }
    PG_RETURN_NULL();
}
