// Plain C-style: what policies call, for every row where no index is used. A value is made once per
// transaction and context, in the transaction's memory: an index scan keeps the pointer as its key
// while the context may change.
#include "extension/tenant/context_accessors.hpp"

#include "extension/tenant/context_command.hpp"

namespace custody::tenant {

namespace {

enum Slot : unsigned {
    kOrgUuid,
    kOrgBigint,
    kOrgText,
    kOrgsUuid,
    kOrgsBigint,
    kOrgsText,
    kUser,
    kRole,
    kClaims,
    kSlots
};

static_assert(kSlots <= std::size(Made{}.values));

text *make_text(std::string_view value) {
    return cstring_to_text_with_len(value.data(), static_cast<int>(value.size()));
}

Datum make_org(OrgType type, std::string_view org) {
    if (type == OrgType::kText) {
        return PointerGetDatum(make_text(org));
    }
    char *copy = pnstrdup(org.data(), org.size());
    const Datum value = type == OrgType::kUuid ? DirectFunctionCall1(uuid_in, CStringGetDatum(copy))
                                               : DirectFunctionCall1(int8in, CStringGetDatum(copy));
    pfree(copy);
    return value;
}

Datum make_orgs(const Context &context) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * context.org_count));
    for (std::uint32_t i = 0; i < context.org_count; ++i) {
        values[i] = make_org(context.org_type, context.orgs[i]);
    }
    const int count = static_cast<int>(context.org_count);
    switch (context.org_type) {
    case OrgType::kUuid:
        return PointerGetDatum(
            construct_array(values, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
    case OrgType::kBigint:
        return PointerGetDatum(
            construct_array(values, count, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
    default:
        return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
    }
}

Datum make(Slot slot, const Context &context) {
    switch (slot) {
    case kOrgUuid:
    case kOrgBigint:
    case kOrgText:
        return make_org(context.org_type, context.orgs[0]);
    case kUser:
        return PointerGetDatum(make_text(context.user));
    case kRole:
        return PointerGetDatum(make_text(context.role));
    case kClaims:
        return DirectFunctionCall1(
            jsonb_in, CStringGetDatum(pnstrdup(context.claims.data(), context.claims.size())));
    default:
        return make_orgs(context);
    }
}

Datum keep(Slot slot, const Context &context) {
    if ((made.have & 1U << slot) == 0) {
        MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
        made.values[slot] = make(slot, context);
        MemoryContextSwitchTo(caller);
        made.have |= 1U << slot;
    }
    return made.values[slot];
}

inline bool is_at_hand(Slot slot) {
    return made.portal == ActivePortal && (made.have & 1U << slot) != 0;
}

void check_type(const Context &context, OrgType type) {
    if (context.org_type != type && context.org_type != OrgType::kNone) {
        pg::raise(ERRCODE_DATATYPE_MISMATCH,
                  psprintf("organization of the tenant context is of type %s, not %s",
                           org_type_name(context.org_type), org_type_name(type)),
                  nullptr, psprintf("call the accessor for %s", org_type_name(context.org_type)));
    }
}

pg_noinline Datum find_org(Slot slot, OrgType type) {
    const Context &context = required_context();
    check_type(context, type);
    if (context.org_count != 1) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE, "tenant context has no single organization",
                  psprintf("It has %u.", context.org_count),
                  context.org_count == 0 ? "call custody.enter_org()"
                                         : "compare with = ANY (custody.current_orgs_...())");
    }
    return keep(slot, context);
}

pg_noinline Datum find_org_or_null(FunctionCallInfo fcinfo, Slot slot, OrgType type) {
    const Context *context = current();
    if (context == nullptr || !is_in_time(*context)) {
        PG_RETURN_NULL();
    }
    check_type(*context, type);
    if (context->org_count != 1) {
        PG_RETURN_NULL();
    }
    return keep(slot, *context);
}

pg_noinline Datum find_orgs(Slot slot, OrgType type) {
    const Context &context = required_context();
    check_type(context, type);
    if (context.org_count == 0) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE, "tenant context has no organization", nullptr,
                  "call custody.enter_org()");
    }
    return keep(slot, context);
}

// What is at hand is inlined into each accessor, without a frame: a scan asks for each row.

inline Datum org(Slot slot, OrgType type) {
    return likely(is_at_hand(slot)) ? made.values[slot] : find_org(slot, type);
}

inline Datum org_or_null(FunctionCallInfo fcinfo, Slot slot, OrgType type) {
    return likely(is_at_hand(slot)) ? made.values[slot] : find_org_or_null(fcinfo, slot, type);
}

inline Datum orgs(Slot slot, OrgType type) {
    return likely(is_at_hand(slot)) ? made.values[slot] : find_orgs(slot, type);
}

Datum field(FunctionCallInfo fcinfo, Slot slot, std::string_view Context::*value) {
    if (is_at_hand(slot)) {
        return made.values[slot];
    }
    const Context &context = required_context();
    if ((context.*value).empty()) {
        PG_RETURN_NULL();
    }
    return keep(slot, context);
}

Datum field_or_null(FunctionCallInfo fcinfo, Slot slot, std::string_view Context::*value) {
    if (is_at_hand(slot)) {
        return made.values[slot];
    }
    const Context *context = current();
    if (context == nullptr || !is_in_time(*context) || (context->*value).empty()) {
        PG_RETURN_NULL();
    }
    return keep(slot, *context);
}

} // namespace

const Context &required_context() {
    const Context *context = current();
    if (context == nullptr) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE, "no tenant context", nullptr,
                  "call custody.enter() first, in the same transaction");
    }
    if (!is_in_time(*context)) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE, "tenant context has expired",
                  psprintf("It was valid until %s.", timestamptz_to_str(context->expires)),
                  "enter again, in a new transaction");
    }
    return *context;
}

} // namespace custody::tenant

using namespace custody::tenant;

CUSTODY_HOT_FUNCTION(custody_current_org_uuid) { return org(kOrgUuid, OrgType::kUuid); }
CUSTODY_HOT_FUNCTION(custody_current_org_bigint) { return org(kOrgBigint, OrgType::kBigint); }
CUSTODY_HOT_FUNCTION(custody_current_org_text) { return org(kOrgText, OrgType::kText); }
CUSTODY_HOT_FUNCTION(custody_current_org_or_null_uuid) {
    return org_or_null(fcinfo, kOrgUuid, OrgType::kUuid);
}
CUSTODY_HOT_FUNCTION(custody_current_org_or_null_bigint) {
    return org_or_null(fcinfo, kOrgBigint, OrgType::kBigint);
}
CUSTODY_HOT_FUNCTION(custody_current_org_or_null_text) {
    return org_or_null(fcinfo, kOrgText, OrgType::kText);
}
CUSTODY_HOT_FUNCTION(custody_current_orgs_uuid) { return orgs(kOrgsUuid, OrgType::kUuid); }
CUSTODY_HOT_FUNCTION(custody_current_orgs_bigint) { return orgs(kOrgsBigint, OrgType::kBigint); }
CUSTODY_HOT_FUNCTION(custody_current_orgs_text) { return orgs(kOrgsText, OrgType::kText); }
CUSTODY_HOT_FUNCTION(custody_current_user_id) { return field(fcinfo, kUser, &Context::user); }
CUSTODY_HOT_FUNCTION(custody_current_role_name) { return field(fcinfo, kRole, &Context::role); }
CUSTODY_HOT_FUNCTION(custody_current_claims) { return field(fcinfo, kClaims, &Context::claims); }
CUSTODY_HOT_FUNCTION(custody_current_user_id_or_null) {
    return field_or_null(fcinfo, kUser, &Context::user);
}
CUSTODY_HOT_FUNCTION(custody_current_role_name_or_null) {
    return field_or_null(fcinfo, kRole, &Context::role);
}
CUSTODY_HOT_FUNCTION(custody_current_claims_or_null) {
    return field_or_null(fcinfo, kClaims, &Context::claims);
}
