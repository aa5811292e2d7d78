#include "extension/tenant/probe_context.hpp"

#include "extension/pg/values.hpp"
#include "extension/tenant/context.hpp"

namespace custody::tenant {

namespace {

/// Nobody's, and a uuid: policies that compare users often cast, and an error would prove nothing.
constexpr const char *kUser = "00000000-0000-8000-8000-000000000000";

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

void enter(const std::string &org, const std::string &type, bool expired) {
    ContextValues values;
    values.org_type = org_type(type);
    values.orgs = {org};
    values.user = kUser;
    values.way = kSet;
    if (expired) {
        enter_expired(values);
    } else {
        values.expires = GetCurrentTimestamp() + USECS_PER_HOUR;
        set_current(values, false);
    }
}

void run(const char *statement) {
    const int code = SPI_execute(statement, false, 1);
    if (code < 0) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot enter the context", SPI_result_code_string(code));
    }
}

std::string with_org(std::string statement, const std::string &org) {
    char *literal = pg::call<quote_literal_cstr>(org.c_str());
    for (std::size_t at = 0; (at = statement.find("$1", at)) != std::string::npos;) {
        statement.replace(at, 2, literal);
        at += std::char_traits<char>::length(literal);
    }
    return statement;
}

} // namespace

void enter_probe_context(const ProbeContext *context, const char *org) {
    if (context->how == "none") {
        leave_current(); // that of the caller's transaction
        return;
    }
    const std::string whose = org != nullptr ? org : context->org.value_or("");
    if (context->enter) {
        pg::call<run>(with_org(*context->enter, whose).c_str());
    } else {
        enter(whose, context->org_type.value_or(""), context->how == "expired");
    }
}

CUSTODY_FUNCTION(custody_probe_context) {
    if (!superuser()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "only a superuser may probe");
    }
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) {
        throw pg::Error(ERRCODE_NULL_VALUE_NOT_ALLOWED, "an argument is null");
    }
    enter(pg::text_value(PG_GETARG_DATUM(0)), pg::text_value(PG_GETARG_DATUM(1)),
          PG_GETARG_BOOL(2));
    PG_RETURN_VOID();
}

} // namespace custody::tenant
