// Entering what was declared. The line in the log is written before the context is there.
#include "extension/tenant/break_glass.hpp"

#include "extension/pg/values.hpp"
#include "extension/tenant/context.hpp"

namespace custody::tenant {

namespace {

char *session_user_name() { return GetUserNameFromId(GetSessionUserId(), false); }

char *uuid_text(const pg_uuid_t *id) {
    return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/// As a string of JSON, so that no text of the caller's makes a line of its own.
char *quoted(const char *text) {
    StringInfoData quoted;
    initStringInfo(&quoted);
    escape_json(&quoted, text);
    return quoted.data;
}

OrgType type_named(std::string_view name) {
    for (const OrgType type : {OrgType::kUuid, OrgType::kBigint, OrgType::kText}) {
        if (name == org_type_name(type)) {
            return type;
        }
    }
    return OrgType::kNone;
}

BreakGlass usable(const pg_uuid_t *id) {
    const BreakGlass found = pg::call<find_break_glass>(id);
    if (!found.found) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "no such break glass")
            .detail("The session's user has not declared it.")
            .hint("call custody.declare_break_glass()");
    }
    if (found.is_own_transaction) {
        throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "break glass was declared in this transaction")
            .detail("A rollback would take it off the record.")
            .hint("commit, then enter it");
    }
    if (found.expires <= GetCurrentTimestamp()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "break glass has expired")
            .hint("declare another one");
    }
    return found;
}

void log_entry(const pg_uuid_t *id, const ContextValues &values, const char *reason) {
    std::string orgs;
    for (const std::string &org : values.orgs) {
        orgs += (orgs.empty() ? "" : ",");
        orgs += pg::call<quoted>(org.c_str());
    }
    pg::report(LOG, ERRCODE_SUCCESSFUL_COMPLETION,
               std::string("break glass ") + pg::call<uuid_text>(id) + " entered by " +
                   pg::call<quoted>(values.user.c_str()) + " for organizations [" + orgs +
                   "]: " + pg::call<quoted>(reason));
}

void enter(const pg_uuid_t *id) {
    const BreakGlass found = usable(id);
    ContextValues values;
    values.org_type = type_named(found.org_type);
    values.orgs = pg::text_array_value(found.orgs, "orgs");
    values.user = pg::call<session_user_name>();
    values.role = kBreakGlass;
    values.way = kBreakGlass;
    values.expires = found.expires;
    log_entry(id, values, found.reason);
    set_current(values, false);
}

} // namespace

} // namespace custody::tenant

CUSTODY_FUNCTION(custody_enter_break_glass) {
    custody::tenant::enter(PG_GETARG_UUID_P(0));
    PG_RETURN_VOID();
}
