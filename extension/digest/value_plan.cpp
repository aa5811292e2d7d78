// Plain C-style: catalog look-ups before a scan; nothing here has a destructor.
#include "extension/digest/value_plan.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

/// The facts of a type that decide its encoding; of the base type where it is a domain.
struct TypeFacts {
    Oid type;
    Oid send;
    Oid receive;
    Oid output;
    Oid element;
    Oid row_relation;
    char kind;
    int16 length;
    bool by_value;
    char align;
};

void look_up(Oid type, TypeFacts *facts) {
    CHECK_FOR_INTERRUPTS(); // types of types of types are many
    type = getBaseType(type);
    HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
    if (!HeapTupleIsValid(tuple)) {
        pg::raise(ERRCODE_INTERNAL_ERROR, psprintf("cache lookup failed for type %u", type));
    }
    const auto form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
    *facts = {type,           form->typsend, form->typreceive, form->typoutput, form->typelem,
              form->typrelid, form->typtype, form->typlen,     form->typbyval,  form->typalign};
    ReleaseSysCache(tuple);
}

PGFunction address_of(Oid function) {
    FmgrInfo info;
    fmgr_info(function, &info);
    return info.fn_addr;
}

bool is_array(const TypeFacts *facts) {
    return OidIsValid(facts->element) && facts->length == -1 && OidIsValid(facts->send) &&
           address_of(facts->send) == array_send;
}

Oid range_subtype(Oid range) {
    return lookup_type_cache(range, TYPECACHE_RANGE_INFO)->rngelemtype->type_id;
}

#if CUSTODY_HAS_MULTIRANGES
TypeCacheEntry *range_of_multirange(Oid type) {
    return lookup_type_cache(type, TYPECACHE_MULTIRANGE_INFO)->rngtype;
}
#else
TypeCacheEntry *range_of_multirange(Oid) { return nullptr; }
#endif

bool needs_text(Oid type);

bool composite_needs_text(Oid type) {
    TupleDesc row_type = lookup_rowtype_tupdesc(type, -1);
    bool found = false;
    for (int i = 0; i < row_type->natts && !found; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        found = !attribute->attisdropped && needs_text(attribute->atttypid);
    }
    ReleaseTupleDesc(row_type);
    return found;
}

bool needs_text(Oid type) {
    check_stack_depth();
    TypeFacts facts;
    look_up(type, &facts);
    if (!OidIsValid(facts.send) || !OidIsValid(facts.receive) || wire::sends_oid(facts.type)) {
        return true;
    }
    if (is_array(&facts)) {
        return needs_text(facts.element);
    }
    switch (facts.kind) {
    case TYPTYPE_COMPOSITE:
        return composite_needs_text(facts.type);
    case TYPTYPE_RANGE:
        return needs_text(range_subtype(facts.type));
    case TYPTYPE_MULTIRANGE:
        return needs_text(range_subtype(range_of_multirange(facts.type)->type_id));
    default:
        return false;
    }
}

/// A float of the server, whose NaNs have many bit patterns.
bool is_float(Oid type) {
    TypeFacts facts;
    look_up(type, &facts);
    return facts.send == F_FLOAT4SEND || facts.send == F_FLOAT8SEND;
}

/// True when nothing inside a value is rewritten: TypeRule::is_raw() of common/wire_row.hpp.
bool is_raw(Oid type) {
    check_stack_depth();
    TypeFacts facts;
    look_up(type, &facts);
    if (is_array(&facts) || facts.kind == TYPTYPE_COMPOSITE) {
        return false;
    }
    switch (facts.kind) {
    case TYPTYPE_RANGE:
        return is_raw(range_subtype(facts.type));
    case TYPTYPE_MULTIRANGE:
        return is_raw(range_subtype(range_of_multirange(facts.type)->type_id));
    default:
        return !is_float(facts.type);
    }
}

/// Send functions whose bytes are known, with the layout that the value must have.
struct KnownSend {
    PGFunction send;
    int16 length;
    Encoding encoding;
};

constexpr int16 kVarlena = -1;

const KnownSend kKnownSends[] = {
    {boolsend, 1, Encoding::fixed1},
    {charsend, 1, Encoding::fixed1},
    {int2send, 2, Encoding::fixed2},
    {int4send, 4, Encoding::fixed4},
    {oidsend, 4, Encoding::fixed4},
    {xidsend, 4, Encoding::fixed4},
    {date_send, 4, Encoding::fixed4},
    {int8send, 8, Encoding::fixed8},
    {cash_send, 8, Encoding::fixed8},
    {time_send, 8, Encoding::fixed8},
    {timestamp_send, 8, Encoding::fixed8},
    {timestamptz_send, 8, Encoding::fixed8},
    {pg_lsn_send, 8, Encoding::fixed8},
    {float4send, 4, Encoding::float4},
    {float8send, 8, Encoding::float8},
    {uuid_send, 16, Encoding::uuid},
    {interval_send, 16, Encoding::interval},
    {byteasend, kVarlena, Encoding::bytes},
    {textsend, kVarlena, Encoding::text},
    {varcharsend, kVarlena, Encoding::text},
    {bpcharsend, kVarlena, Encoding::text},
    {json_send, kVarlena, Encoding::text},
    {namesend, NAMEDATALEN, Encoding::name},
    {enum_send, 4, Encoding::enum_label},
    {numeric_send, kVarlena, Encoding::numeric},
    {jsonb_send, kVarlena, Encoding::jsonb},
};

const KnownSend kKnownOutputs[] = {
    {boolout, 1, Encoding::boolean_text},   {textout, kVarlena, Encoding::text},
    {varcharout, kVarlena, Encoding::text}, {bpcharout, kVarlena, Encoding::text},
    {json_out, kVarlena, Encoding::text},   {nameout, NAMEDATALEN, Encoding::name},
    {enum_out, 4, Encoding::enum_label},    {byteaout, kVarlena, Encoding::bytea_text},
};

template <Size N>
bool find_known(const KnownSend (&known)[N], PGFunction function, int16 length, Encoding *found) {
    for (const KnownSend &entry : known) {
        if (entry.send == function && entry.length == length) {
            *found = entry.encoding;
            return true;
        }
    }
    return false;
}

void use_function(ValuePlan *plan, Encoding encoding, Oid function) {
    plan->encoding = encoding;
    plan->function = static_cast<FmgrInfo *>(palloc(sizeof(FmgrInfo)));
    fmgr_info(function, plan->function);
}

void plan_composite(ValuePlan *plan, Oid type) {
    plan->cached_type = lookup_type_cache(type, TYPECACHE_TUPDESC);
    plan->row_type_version = plan->cached_type->tupDesc_identifier;
    TupleDesc row_type = lookup_rowtype_tupdesc_copy(type, -1);
    const int count = row_type->natts;
    plan->encoding = Encoding::composite;
    plan->row_type = row_type;
    plan->child_count = count;
    plan->children = static_cast<ValuePlan *>(palloc0(sizeof(ValuePlan) * count));
    plan->values = static_cast<Datum *>(palloc(sizeof(Datum) * count));
    plan->nulls = static_cast<bool *>(palloc(sizeof(bool) * count));
    for (int i = 0; i < count; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        if (!attribute->attisdropped) {
            plan_value(&plan->children[i], attribute->atttypid, wire::Form::binary);
        }
    }
}

void plan_child(ValuePlan *plan, Encoding encoding, Oid child) {
    plan->encoding = encoding;
    plan->child_count = 1;
    plan->children = static_cast<ValuePlan *>(palloc0(sizeof(ValuePlan)));
    plan_value(plan->children, child, wire::Form::binary);
}

/// True when the type is one that holds other types.
bool plan_nested(ValuePlan *plan, const TypeFacts *facts) {
    if (is_array(facts)) {
        plan_child(plan, Encoding::array, facts->element);
        return true;
    }
    switch (facts->kind) {
    case TYPTYPE_COMPOSITE:
        plan_composite(plan, facts->type);
        return true;
    case TYPTYPE_RANGE:
        plan->cached_type = lookup_type_cache(facts->type, TYPECACHE_RANGE_INFO);
        plan_child(plan, Encoding::range, range_subtype(facts->type));
        return true;
    case TYPTYPE_MULTIRANGE:
        plan->cached_type = range_of_multirange(facts->type);
        plan_child(plan, Encoding::multirange, range_subtype(plan->cached_type->type_id));
        return true;
    default:
        return false;
    }
}

void plan_binary(ValuePlan *plan, const TypeFacts *facts) {
    if (!OidIsValid(facts->send) || !OidIsValid(facts->receive) || wire::sends_oid(facts->type)) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  psprintf("type %s has no binary form", format_type_be(facts->type)),
                  "it has no send or receive function, or sends an OID",
                  "use the form that custody.wire_form() returns");
    }
    if (plan_nested(plan, facts)) {
        return;
    }
    const PGFunction send = address_of(facts->send);
    // Extensions may declare a server's send function again for a type of theirs (citext does), and
    // its bytes are known then, too. Only the rule for floats goes by the server's own declaration.
    const bool own = facts->send < FirstNormalObjectId;
    if (find_known(kKnownSends, send, facts->length, &plan->encoding) &&
        (own || (plan->encoding != Encoding::float4 && plan->encoding != Encoding::float8))) {
        return;
    }
    use_function(plan, Encoding::send, facts->send);
}

/// Goes up whenever the server forgets labels that it had read.
uint32 current_era = 0;
bool era_watched = false;

void begin_era(Datum, int, uint32) { ++current_era; }

} // namespace

uint32 enum_era() { return current_era; }

bool holds_row_type(const ValuePlan *plan) {
    bool holds = plan->encoding == Encoding::composite;
    for (int i = 0; i < plan->child_count && !holds; ++i) {
        holds = holds_row_type(plan->children + i);
    }
    return holds;
}

bool row_types_unchanged(const ValuePlan *plan) {
    bool unchanged = plan->encoding != Encoding::composite ||
                     plan->cached_type->tupDesc_identifier == plan->row_type_version;
    for (int i = 0; i < plan->child_count && unchanged; ++i) {
        unchanged = row_types_unchanged(plan->children + i);
    }
    return unchanged;
}

bool database_needs_conversion() {
    return GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII;
}

wire::Form form_of_types(Profile profile, const Oid *types, int count) {
    for (int i = 0; i < count; ++i) {
        if (needs_text(types[i]) ||
            (profile == Profile::sql && !is_raw(types[i]) && !is_float(types[i]))) {
            return wire::Form::text;
        }
    }
    return wire::Form::binary;
}

void plan_value(ValuePlan *plan, Oid type, wire::Form form) {
    check_stack_depth();
    TypeFacts facts;
    look_up(type, &facts);
    memset(plan, 0, sizeof(*plan));
    plan->by_value = facts.by_value;
    plan->align = facts.align;
    plan->length = facts.length;
    if (form == wire::Form::binary) {
        plan_binary(plan, &facts);
    } else if (!find_known(kKnownOutputs, address_of(facts.output), facts.length,
                           &plan->encoding)) {
        use_function(plan, Encoding::output, facts.output);
    }
    if (plan->encoding == Encoding::enum_label) {
        if (!era_watched) {
            CacheRegisterSyscacheCallback(ENUMOID, begin_era, (Datum)0);
            era_watched = true;
        }
        plan->labels = static_cast<EnumLabel *>(palloc0(sizeof(EnumLabel) * kEnumCacheSize));
    }
}

} // namespace custody::digest
