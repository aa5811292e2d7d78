// custody.prove_policies(): one verdict for each relation, role and way to use it. Plain C-style:
// no local has a destructor.
#include "extension/digest/row_set.hpp"
#include "extension/pg/boundary.hpp"
#include "extension/tenant/effective_policy.hpp"
#include "extension/tenant/policy_expression.hpp"
#include "extension/tenant/prove_witness.hpp"

namespace custody::tenant {

namespace {

constexpr int kMaxRows = 10000000; // relations times roles of one call

// An INSERT with RETURNING or ON CONFLICT, a MERGE and a SELECT FOR UPDATE meet the conditions of
// these and more.
constexpr Use kUses[] = {
    {CMD_SELECT, true, false, "SELECT", "using"},
    {CMD_INSERT, false, true, "INSERT", "check"},
    {CMD_UPDATE, true, false, "UPDATE", "using"},
    {CMD_UPDATE, true, true, "UPDATE", "check"},
    {CMD_UPDATE, false, false, "UPDATE", "blind using"},
    {CMD_UPDATE, false, true, "UPDATE", "blind check"},
    {CMD_DELETE, true, false, "DELETE", "using"},
    {CMD_DELETE, false, false, "DELETE", "blind using"},
};

/// What was found out about an expression of the relation at hand.
struct Known {
    List *expressions;
    bool multi;
    char *text;
    bool proven;
    const char *reason;
    List *conditions; // of an expression that is not proven
};

/// The relation that is being looked at, and what is known about it. Lives in a context of its own.
struct Subject {
    Relation relation;
    AttrNumber column; // InvalidAttrNumber for a shared table
    const char *name;  // of the column
    List *active;      // targets
    List *any;
    List *known;     // of Known
    List *sightings; // of witnesses, for prove_witness
};

/// One relation and role, as the caller names them.
struct Question {
    Oid relation;
    const char *column; // nullptr: shared, only writes are judged
    Oid role;
    bool multi;
    bool writer;
};

struct Prover {
    AccessorSet accessors;
    bool witness;
    digest::RowSet rows;
};

struct Verdict {
    const char *verdict;
    const char *expression;
    const char *reason;
    const char *witness;
};

bool has_right(Oid relation, Oid role, AclMode right) {
    return pg_class_aclcheck(relation, role, right) == ACLCHECK_OK ||
           (right != ACL_DELETE &&
            pg_attribute_aclcheck_all(relation, role, right, ACLMASK_ANY) == ACLCHECK_OK);
}

AclMode right_for(CmdType command) {
    return command == CMD_SELECT   ? ACL_SELECT
           : command == CMD_INSERT ? ACL_INSERT
           : command == CMD_UPDATE ? ACL_UPDATE
                                   : ACL_DELETE;
}

const char *reason_unbound(Binding binding) {
    switch (binding) {
    case Binding::off:
        return "row security of the table is off";
    case Binding::bypasses:
        return "the role bypasses row security";
    default:
        return "the role has the rights of the table's owner, on whom row security is not forced";
    }
}

const char *reason_not_implied(const Subject *subject, const Known *known) {
    if (subject->active == NIL && subject->any == NIL) {
        return "nothing to compare with: the org column has no type or collation that an "
               "organization can have, or the accessors are not as custody made them";
    }
    if (!known->multi && implies(known->conditions, subject->any)) {
        return "lets through all organizations of the context, and the role is bound to one";
    }
    return psprintf("does not imply that \"%s\" is the organization of the context", subject->name);
}

void judge(const Prover *prover, const Subject *subject, Known *known) {
    char *reason;
    if (!try_simplify(&prover->accessors, known->expressions, &known->conditions, &reason)) {
        known->reason = reason;
    } else if (admits_nothing(known->conditions)) {
        known->proven = true;
        known->reason = "no policy lets a row through";
    } else if (!AttributeNumberIsValid(subject->column)) {
        known->reason = "the role may write a shared table and is none of its writers";
    } else if (implies(known->conditions, subject->active)) {
        known->proven = true;
        known->reason =
            psprintf("implies that \"%s\" is the organization of the context", subject->name);
    } else if (known->multi && implies(known->conditions, subject->any)) {
        known->proven = true;
        known->reason =
            psprintf("implies that \"%s\" is an organization of the context", subject->name);
    } else {
        known->reason = reason_not_implied(subject, known);
    }
}

Known *look_up(const Prover *prover, Subject *subject, List *expressions, bool multi) {
    ListCell *cell;
    foreach (cell, subject->known) {
        auto *known = static_cast<Known *>(lfirst(cell));
        if (known->multi == multi && equal(known->expressions, expressions)) {
            return known;
        }
    }
    auto *known = static_cast<Known *>(palloc0(sizeof(Known)));
    known->expressions = expressions;
    known->multi = multi;
    known->text = expression_text(subject->relation, expressions);
    judge(prover, subject, known);
    subject->known = lappend(subject->known, known);
    return known;
}

Verdict verdict_on(const Prover *prover, Subject *subject, const Question *question,
                   const Use *use) {
    const Binding binding = binding_of(subject->relation, question->role);
    List *expressions = binding == Binding::bound
                            ? effective_expressions(subject->relation, question->role, use)
                            : NIL;
    const Known *known = look_up(prover, subject, expressions, question->multi);
    if (known->proven) {
        return {"proven", known->text, known->reason, nullptr};
    }
    Verdict verdict{"unproven", known->text, known->reason, nullptr};
    if (binding != Binding::bound) {
        verdict.reason = reason_unbound(binding);
    }
    if (prover->witness && AttributeNumberIsValid(subject->column)) {
        const Search search{subject->relation,  subject->column, question->role,
                            known->expressions, known->text,     use->check,
                            &prover->accessors};
        char *shortcoming = nullptr;
        verdict.witness = find_witness(&search, &subject->sightings, &shortcoming);
        if (verdict.witness != nullptr) {
            verdict.verdict = "refuted";
        } else if (shortcoming != nullptr) {
            verdict.reason = psprintf("%s; %s", verdict.reason, shortcoming);
        }
    }
    return verdict;
}

void put(const Prover *prover, const Question *question, const char *command, const char *part,
         const Verdict *verdict) {
    NameData role;
    namestrcpy(&role, GetUserNameFromId(question->role, false));
    Datum values[8] = {ObjectIdGetDatum(question->relation), NameGetDatum(&role)};
    bool nulls[8] = {};
    const char *texts[] = {
        command, part, verdict->verdict, verdict->expression, verdict->reason, verdict->witness};
    for (int i = 0; i < 6; ++i) {
        nulls[i + 2] = texts[i] == nullptr;
        values[i + 2] = texts[i] == nullptr ? Datum{0} : CStringGetTextDatum(texts[i]);
    }
    digest::put_row(&prover->rows, values, nulls);
}

void answer(const Prover *prover, Subject *subject, const Question *question) {
    bool any = false;
    const bool reads = has_right(question->relation, question->role, ACL_SELECT);
    for (const Use &use : kUses) {
        CHECK_FOR_INTERRUPTS();
        if (!has_right(question->relation, question->role, right_for(use.command)) ||
            (use.reads && !reads)) {
            continue;
        }
        any = true;
        if (question->column == nullptr && (use.command == CMD_SELECT || question->writer)) {
            const Verdict verdict{"proven", nullptr,
                                  use.command == CMD_SELECT ? "a shared table is read by all"
                                                            : "one of the table's writers",
                                  nullptr};
            put(prover, question, use.command_name, use.part, &verdict);
            continue;
        }
        const Verdict verdict = verdict_on(prover, subject, question, &use);
        put(prover, question, use.command_name, use.part, &verdict);
    }
    if (!any) {
        const Verdict verdict{"proven", nullptr, "the role has no right to read or write it",
                              nullptr};
        put(prover, question, nullptr, "privilege", &verdict);
    }
}

/// False where the relation has gone.
bool open_subject(const Prover *prover, const Question *question, Subject *subject) {
    *subject = {};
    subject->relation = try_relation_open(question->relation, AccessShareLock);
    if (subject->relation == nullptr) {
        return false;
    }
    const char *name = RelationGetRelationName(subject->relation);
    const char kind = subject->relation->rd_rel->relkind;
    if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) {
        pg::raise(ERRCODE_WRONG_OBJECT_TYPE, psprintf("\"%s\" is not a table", name));
    }
    if (question->column == nullptr) {
        return true;
    }
    subject->column = get_attnum(question->relation, question->column);
    if (subject->column <= 0) {
        pg::raise(
            ERRCODE_UNDEFINED_COLUMN,
            psprintf("column \"%s\" of relation \"%s\" does not exist", question->column, name),
            nullptr, "name the column that holds the organization as org_column");
    }
    subject->name = get_attname(question->relation, subject->column, false);
    subject->active =
        org_targets(&prover->accessors, question->relation, subject->column, Orgs::active);
    subject->any = org_targets(&prover->accessors, question->relation, subject->column, Orgs::any);
    return true;
}

struct Column {
    Datum *values;
    bool *nulls;
    int count;
};

Column elements(Datum array, Oid type) {
    Column column;
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    deconstruct_array(DatumGetArrayTypeP(array), type, length, by_value, alignment, &column.values,
                      &column.nulls, &column.count);
    return column;
}

/// Questions about one relation stand side by side, so that it is opened once.
void answer_all(const Prover *prover, const Question *questions, int count) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "custody proof of a table",
                                                  ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    for (int i = 0; i < count;) {
        Subject subject;
        const Oid relation = questions[i].relation;
        const bool there = open_subject(prover, &questions[i], &subject);
        for (; i < count && questions[i].relation == relation; ++i) {
            if (there) {
                answer(prover, &subject, &questions[i]);
            }
        }
        if (there) {
            relation_close(subject.relation, NoLock);
        }
        MemoryContextReset(context);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
}

} // namespace

} // namespace custody::tenant

using namespace custody;

CUSTODY_FUNCTION(custody_prove_policies) {
    const tenant::Column relations = tenant::elements(PG_GETARG_DATUM(0), REGCLASSOID);
    const tenant::Column columns = tenant::elements(PG_GETARG_DATUM(1), NAMEOID);
    const tenant::Column roles = tenant::elements(PG_GETARG_DATUM(2), REGROLEOID);
    const tenant::Column multi = tenant::elements(PG_GETARG_DATUM(3), BOOLOID);
    const tenant::Column writer = tenant::elements(PG_GETARG_DATUM(4), BOOLOID);
    const int count = relations.count;
    if (columns.count != count || roles.count != count || multi.count != count ||
        writer.count != count || count > tenant::kMaxRows) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE,
                  psprintf("arrays of one length, at most %d, are needed", tenant::kMaxRows));
    }
    tenant::Prover prover{tenant::find_accessors(), PG_GETARG_BOOL(5),
                          digest::make_row_set(fcinfo)};
    auto *questions =
        static_cast<tenant::Question *>(palloc(sizeof(tenant::Question) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        questions[i] = {DatumGetObjectId(relations.values[i]),
                        columns.nulls[i] ? nullptr : NameStr(*DatumGetName(columns.values[i])),
                        DatumGetObjectId(roles.values[i]), DatumGetBool(multi.values[i]),
                        DatumGetBool(writer.values[i])};
    }
    tenant::answer_all(&prover, questions, count);
    return Datum{0};
}
