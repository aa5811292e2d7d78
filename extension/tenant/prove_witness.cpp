// Plain C-style: no local has a destructor.
#include "extension/tenant/prove_witness.hpp"

#include "extension/pg/boundary.hpp"
#include "extension/tenant/candidate_rows.hpp"
#include "extension/tenant/effective_policy.hpp"
#include "extension/tenant/expression_parts.hpp"
#include "extension/tenant/rolled_back.hpp"
#include "extension/tenant/trial.hpp"

namespace custody::tenant {

namespace {

constexpr int kWitnessLength = 400; // bytes of the row that are shown

/// What was found for a role and an expression.
struct Sighting {
    Oid role;
    List *expressions;
    const char *witness;
    char *shortcoming;
};

/// One attempt: rows, in the context of one org, with settings as an attacker may choose them.
struct Trial {
    const Search *search;
    const Candidates *candidates;
    const char *rows_query;
    bool made_up;            // by conversions that may run checks of domains: as the role
    const char *constraints; // of rows made up; "true" for rows that are there
    Standpoint standpoint;
    MemoryContext keep;
    char *witness;
};

Datum fetch_rows(const Trial *trial, bool *is_null) {
    *is_null = true;
    if (SPI_execute(trial->rows_query, true, 1) != SPI_OK_SELECT || SPI_processed != 1) {
        return Datum{0};
    }
    return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, is_null);
}

/// The first of the rows ($1) of another org than the context's ($2) for which the expression is
/// true.
char *test_query(const Trial *trial) {
    Relation relation = trial->search->relation;
    const char *alias = quote_identifier(RelationGetRelationName(relation));
    const char *name = get_attname(RelationGetRelid(relation), trial->search->column, false);
    const char *column = quote_identifier(name);
    return psprintf(
        "SELECT (jsonb_strip_nulls(to_jsonb(%s.*)) || jsonb_build_object(%s, %s.%s))::text "
        "FROM unnest($1) AS %s "
        "WHERE %s.%s IS DISTINCT FROM $2 AND (%s) AND (%s) LIMIT 1",
        alias, quote_literal_cstr(name), alias, column, alias, alias, column, trial->constraints,
        trial->search->text);
}

void try_rows(void *state) {
    auto *trial = static_cast<Trial *>(state);
    if (SPI_connect() != SPI_OK_CONNECT) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot connect to the server's SQL interface");
    }
    // Of a domain's base type: its checks must not run as the current user.
    const Oid column_type =
        getBaseType(get_atttype(RelationGetRelid(trial->search->relation), trial->search->column));
    char *query = test_query(trial);
    if (trial->made_up) {
        take(&trial->standpoint);
    }
    bool is_null;
    const Datum rows = fetch_rows(trial, &is_null);
    if (!is_null) {
        Oid input;
        Oid parameter;
        getTypeInputInfo(column_type, &input, &parameter);
        char *org = trial->standpoint.org == nullptr ? nullptr : pstrdup(trial->standpoint.org);
        Datum values[] = {rows, org == nullptr ? Datum{0}
                                               : OidInputFunctionCall(input, org, parameter, -1)};
        const char nulls[] = {' ', org == nullptr ? 'n' : ' '};
        Oid types[] = {get_array_type(RelationGetForm(trial->search->relation)->reltype),
                       column_type};
        if (!trial->made_up) {
            take(&trial->standpoint);
        }
        if (SPI_execute_with_args(query, 2, types, values, nulls, true, 1) == SPI_OK_SELECT &&
            SPI_processed == 1) {
            char *row = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
            trial->witness = MemoryContextStrdup(trial->keep, row);
        }
    }
    SPI_finish();
}

struct Hunt {
    const Search *search;
    Candidates candidates;
    ExpressionParts parts;
    Oid org_type;
    const char *constraints;
    const char *witness;
    char *shortcoming;
};

/// A JSON object in which each of the keys, nested in their order and by itself, has the value.
char *in_json(const List *keys, const char *value) {
    StringInfoData json;
    initStringInfo(&json);
    const int count = list_length(keys);
    for (int i = 0; i < count; ++i) {
        appendStringInfoString(&json, i == 0 ? "{" : ": {");
        escape_json(&json, static_cast<const char *>(list_nth(keys, i)));
    }
    appendStringInfoString(&json, ": ");
    escape_json(&json, value);
    for (int i = count - 1; i >= 0; --i) {
        if (i > 0) {
            appendStringInfoString(&json, "}");
            appendStringInfoString(&json, ", ");
            escape_json(&json, static_cast<const char *>(list_nth(keys, i)));
            appendStringInfoString(&json, ": ");
            escape_json(&json, value);
        }
    }
    appendStringInfoString(&json, "}");
    return json.data;
}

void describe(Hunt *hunt, const Trial *trial, const char *kind) {
    StringInfoData text;
    initStringInfo(&text);
    const int length = static_cast<int>(strlen(trial->witness));
    const int shown = pg_mbcliplen(trial->witness, length, kWitnessLength);
    appendStringInfo(&text, "%s %.*s%s %s%s", kind, shown, trial->witness,
                     shown < length ? "..." : "",
                     trial->standpoint.org == nullptr ? "without a context" : "in a context of ",
                     trial->standpoint.org == nullptr ? "" : trial->standpoint.org);
    ListCell *cell;
    foreach (cell, trial->standpoint.setting_value == nullptr ? NIL : hunt->parts.settings) {
        appendStringInfo(&text, ", with %s set to '%s'", static_cast<const char *>(lfirst(cell)),
                         trial->standpoint.setting_value);
    }
    hunt->witness = text.data;
}

bool try_one(Hunt *hunt, const char *rows_query, const char *context, const char *setting_value,
             bool made_up) {
    CHECK_FOR_INTERRUPTS();
    Trial trial{hunt->search,
                &hunt->candidates,
                rows_query,
                made_up,
                made_up ? hunt->constraints : "true",
                {hunt->search->role, hunt->org_type, context, hunt->parts.settings, setting_value},
                CurrentMemoryContext,
                nullptr};
    char *error;
    if (!run_rolled_back(try_rows, &trial, &error)) {
        if (context != nullptr) { // to raise is what is right to do without one
            hunt->shortcoming = psprintf("looking for a witness failed: %s", error);
        }
    } else if (trial.witness != nullptr) {
        describe(hunt, &trial, made_up ? "possible row" : "live row");
        return true;
    }
    return false;
}

/// With the settings that the expression reads as they are, then as an attacker would set them.
bool try_settings(Hunt *hunt, const char *rows_query, const char *context, const List *victims,
                  bool made_up) {
    if (try_one(hunt, rows_query, context, nullptr, made_up)) {
        return true;
    }
    ListCell *cell;
    foreach (cell, hunt->parts.settings == NIL ? NIL : victims) {
        const char *victim = static_cast<const char *>(lfirst(cell));
        if (try_one(hunt, rows_query, context, victim, made_up) ||
            (hunt->parts.keys != NIL &&
             try_one(hunt, rows_query, context, in_json(hunt->parts.keys, victim), made_up))) {
            return true;
        }
    }
    return false;
}

/// Some of the values in a column among the first rows, in their order.
List *live_values(Hunt *hunt, AttrNumber column) {
    const char *name =
        quote_identifier(get_attname(RelationGetRelid(hunt->search->relation), column, false));
    const char *query = psprintf("SELECT DISTINCT %s::text FROM (SELECT %s FROM %s LIMIT 500) r "
                                 "WHERE %s IS NOT NULL ORDER BY 1 LIMIT 3",
                                 name, name, relation_name(hunt->search->relation), name);
    List *values = NIL;
    char *error;
    if (!read_values(query, nullptr, &values, &error)) {
        hunt->shortcoming = psprintf("looking for a witness failed: %s", error);
    }
    return values;
}

/// Orgs to be in: one that is nobody's, some that have rows, and those that other columns of the
/// type hold, as a policy on the wrong column compares with them.
List *contexts_to_try(Hunt *hunt, const char *nobodys, List *live) {
    List *contexts = list_concat(list_make1(pstrdup(nobodys)), list_copy(live));
    TupleDesc row = RelationGetDescr(hunt->search->relation);
    const Oid type = TupleDescAttr(row, hunt->search->column - 1)->atttypid;
    for (int i = 0; i < row->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row, i);
        if (!attribute->attisdropped && attribute->attnum != hunt->search->column &&
            getBaseType(attribute->atttypid) == getBaseType(type) &&
            bms_is_member(attribute->attnum, hunt->parts.columns)) {
            contexts = list_concat(contexts, live_values(hunt, attribute->attnum));
        }
    }
    return contexts;
}

void hunt_live(Hunt *hunt, const char *nobodys, List *orgs) {
    char *query = live_rows_query(&hunt->candidates);
    List *contexts = contexts_to_try(hunt, nobodys, orgs);
    ListCell *cell;
    foreach (cell, contexts) {
        if (try_settings(hunt, query, static_cast<const char *>(lfirst(cell)), orgs, false)) {
            return;
        }
    }
    (void)try_settings(hunt, query, nullptr, orgs, false);
}

void hunt_made_up(Hunt *hunt, const MadeUpOrgs *orgs) {
    char *query = made_up_rows_query(&hunt->candidates, orgs->other, orgs->context);
    if (query != nullptr) {
        List *victims = list_make1(pstrdup(orgs->other));
        (void)(try_settings(hunt, query, orgs->context, victims, true) ||
               try_settings(hunt, query, nullptr, victims, true));
    }
}

Bitmapset *key_columns(Relation relation) {
    Bitmapset *key = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);
    Bitmapset *columns = nullptr;
    int member = -1;
    while ((member = bms_next_member(key, member)) >= 0) {
        columns = bms_add_member(columns, member + FirstLowInvalidHeapAttributeNumber);
    }
    return columns;
}

void hunt_all(Hunt *hunt) {
    const Search *search = hunt->search;
    const Oid column_type = get_atttype(RelationGetRelid(search->relation), search->column);
    const Accessors *accessors = accessors_for(search->accessors, column_type);
    if (accessors == nullptr) {
        return;
    }
    if (!may_take(search->role)) {
        hunt->shortcoming =
            pstrdup("no witness was looked for, as the current user cannot become the role");
        return;
    }
    hunt->org_type = accessors->type;
    collect_parts(search->expressions, &hunt->parts);
    hunt->candidates = {search->relation, search->column, &hunt->parts,
                        key_columns(search->relation)};
    List *constraints = constraints_of(search->relation);
    hunt->constraints = expression_text(search->relation, constraints);
    const MadeUpOrgs orgs = made_up_orgs(column_type);
    hunt_live(hunt, orgs.context, live_values(hunt, search->column));
    if (hunt->witness == nullptr) {
        add_constrained(search->relation, constraints, &hunt->parts);
        hunt_made_up(hunt, &orgs);
    }
}

} // namespace

const char *find_witness(const Search *search, List **sightings, char **shortcoming) {
    ListCell *cell;
    foreach (cell, *sightings) {
        const auto *known = static_cast<const Sighting *>(lfirst(cell));
        if (known->role == search->role && equal(known->expressions, search->expressions)) {
            *shortcoming = known->shortcoming;
            return known->witness;
        }
    }
    Hunt hunt = {};
    hunt.search = search;
    hunt_all(&hunt);
    auto *sighting = static_cast<Sighting *>(palloc(sizeof(Sighting)));
    *sighting = {search->role, search->expressions, hunt.witness, hunt.shortcoming};
    *sightings = lappend(*sightings, sighting);
    *shortcoming = hunt.shortcoming;
    return hunt.witness;
}

} // namespace custody::tenant
