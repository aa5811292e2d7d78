// custody.probe_context(): the contexts in which the prober attacks.
#include "extension/pg/values.hpp"
#include "extension/tenant/context.hpp"

namespace custody::tenant {

namespace {

OrgType org_type(const std::string &name) {
    for (const OrgType type : {OrgType::kUuid, OrgType::kBigint, OrgType::kText}) {
        if (name == org_type_name(type)) {
            return type;
        }
    }
    throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "no such type of organizations")
        .detail("\"" + name + "\"")
        .hint("uuid, bigint or text");
}

/// A context can only be entered before it ends: it gets a moment, and is waited for.
void enter_expired(ContextValues &values) {
    for (TimestampTz life = 50; values.expires == 0; life *= 4) {
        values.expires = GetCurrentTimestamp() + life;
        try {
            set_current(values, false);
        } catch (const pg::Error &error) {
            if (error.sqlstate() != ERRCODE_INSUFFICIENT_PRIVILEGE || life > USECS_PER_SEC) {
                throw;
            }
            values.expires = 0;
        }
    }
    while (GetCurrentTimestamp() <= values.expires) {
        pg::check_for_interrupts();
    }
}

} // namespace

CUSTODY_FUNCTION(custody_probe_context) {
    if (!superuser()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "only a superuser may probe");
    }
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) {
        throw pg::Error(ERRCODE_NULL_VALUE_NOT_ALLOWED, "an argument is null");
    }
    ContextValues values;
    values.org_type = org_type(pg::text_value(PG_GETARG_DATUM(1)));
    values.orgs = {pg::text_value(PG_GETARG_DATUM(0))};
    values.user = "custody probe";
    values.way = kSet;
    if (PG_GETARG_BOOL(2)) {
        enter_expired(values);
    } else {
        values.expires = GetCurrentTimestamp() + USECS_PER_HOUR;
        set_current(values, false);
    }
    PG_RETURN_VOID();
}

} // namespace custody::tenant
