// Entering without a token, leaving, and looking.
#include "extension/pg/values.hpp"
#include "extension/tenant/bound_roles.hpp"
#include "extension/tenant/context.hpp"

namespace custody::tenant {

namespace {

constexpr std::int64_t kDefaultLife = 5 * USECS_PER_MINUTE;

/// The arguments of custody.set_context() and _orgs() after the first.
enum Argument { kOrgArgument, kUser, kRole, kExpires, kClaims, kSession };

char *uuid_text(Datum value) { return DatumGetCString(DirectFunctionCall1(uuid_out, value)); }
char *bigint_text(Datum value) { return DatumGetCString(DirectFunctionCall1(int8out, value)); }
char *jsonb_text(Datum value) { return DatumGetCString(DirectFunctionCall1(jsonb_out, value)); }
char *role_name(Oid role) { return GetUserNameFromId(role, true); }

std::string org_text(OrgType type, Datum value) {
    switch (type) {
    case OrgType::kUuid:
        return pg::call<uuid_text>(value);
    case OrgType::kBigint:
        return pg::call<bigint_text>(value);
    default:
        return pg::text_value(value);
    }
}

struct Elements {
    Datum *values;
    bool *nulls;
    int count;
};

Elements array_elements(Datum array) {
    ArrayType *all = DatumGetArrayTypeP(array);
    Elements elements{};
    std::int16_t length;
    bool by_value;
    char align;
    get_typlenbyvalalign(ARR_ELEMTYPE(all), &length, &by_value, &align);
    deconstruct_array(all, ARR_ELEMTYPE(all), length, by_value, align, &elements.values,
                      &elements.nulls, &elements.count);
    return elements;
}

pg::Error null_org() {
    return pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "an organization must not be NULL");
}

void check_caller() {
    const Oid bound = pg::call<find_bound_role>();
    if (OidIsValid(bound)) {
        const char *name = pg::call<role_name>(bound);
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "this role must not set a tenant context")
            .detail(std::string("It is, or can become, role \"") + (name ? name : "?") +
                    "\", which policies bind.")
            .hint("enter with a token: custody.enter()");
    }
}

void set(FunctionCallInfo fcinfo, ContextValues values) {
    check_caller();
    if (!PG_ARGISNULL(kUser)) {
        values.user = pg::text_value(PG_GETARG_DATUM(kUser));
    }
    if (!PG_ARGISNULL(kRole)) {
        values.role = pg::text_value(PG_GETARG_DATUM(kRole));
    }
    values.expires = PG_ARGISNULL(kExpires) ? GetCurrentTimestamp() + kDefaultLife
                                            : PG_GETARG_TIMESTAMPTZ(kExpires);
    if (!PG_ARGISNULL(kClaims)) {
        values.claims = pg::call<jsonb_text>(PG_GETARG_DATUM(kClaims));
    }
    values.way = kSet;
    set_current(values, !PG_ARGISNULL(kSession) && PG_GETARG_BOOL(kSession));
}

void set_one(FunctionCallInfo fcinfo, OrgType type) {
    if (PG_ARGISNULL(kOrgArgument)) {
        throw null_org();
    }
    ContextValues values;
    values.org_type = type;
    values.orgs.push_back(org_text(type, PG_GETARG_DATUM(kOrgArgument)));
    set(fcinfo, std::move(values));
}

void set_several(FunctionCallInfo fcinfo, OrgType type) {
    ContextValues values;
    values.org_type = type;
    const Elements all = PG_ARGISNULL(kOrgArgument)
                             ? Elements{}
                             : pg::call<array_elements>(PG_GETARG_DATUM(kOrgArgument));
    for (int i = 0; i < all.count; ++i) {
        if (all.nulls[i]) {
            throw null_org();
        }
        values.orgs.push_back(org_text(type, all.values[i]));
    }
    if (values.orgs.empty()) {
        throw null_org();
    }
    set(fcinfo, std::move(values));
}

} // namespace

} // namespace custody::tenant

using namespace custody::tenant;

CUSTODY_FUNCTION(custody_set_context_uuid) {
    set_one(fcinfo, OrgType::kUuid);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(custody_set_context_bigint) {
    set_one(fcinfo, OrgType::kBigint);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(custody_set_context_text) {
    set_one(fcinfo, OrgType::kText);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(custody_set_context_orgs_uuid) {
    set_several(fcinfo, OrgType::kUuid);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(custody_set_context_orgs_bigint) {
    set_several(fcinfo, OrgType::kBigint);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(custody_set_context_orgs_text) {
    set_several(fcinfo, OrgType::kText);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(custody_leave) {
    leave_current();
    PG_RETURN_VOID();
}
