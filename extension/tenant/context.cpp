#include "extension/tenant/context.hpp"

#include <algorithm>
#include <unordered_set>

#include "extension/pg/errors.hpp"
#include "extension/tenant/context_setting.hpp"
#include "extension/tenant/context_value.hpp"

namespace custody::tenant {

namespace {

std::uint64_t last_serial = 0;

constexpr std::size_t kLongestValue = 1 << 20; // every parallel worker gets a copy

void put(const char *value, bool session) {
    (void)set_config_option("custody.context", value, PGC_SUSET, PGC_S_SESSION,
                            session ? GUC_ACTION_SET : GUC_ACTION_LOCAL, true, ERROR, false);
}

void store(const std::string &value, bool session) {
    const SettingDoor door;
    pg::call<put>(value.c_str(), session);
}

void verify_text(const char *text, std::size_t length) {
    (void)pg_verifymbstr(text, static_cast<int>(length), false);
}

char *canonical_uuid(const char *text) {
    return DatumGetCString(
        DirectFunctionCall1(uuid_out, DirectFunctionCall1(uuid_in, CStringGetDatum(text))));
}

char *canonical_bigint(const char *text) {
    return DatumGetCString(
        DirectFunctionCall1(int8out, DirectFunctionCall1(int8in, CStringGetDatum(text))));
}

char *canonical_jsonb(const char *text) {
    return DatumGetCString(
        DirectFunctionCall1(jsonb_out, DirectFunctionCall1(jsonb_in, CStringGetDatum(text))));
}

void check_text(const std::string &text) {
    if (text.find('\0') != std::string::npos) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                        "a tenant context cannot hold a zero byte");
    }
    pg::call<verify_text>(text.c_str(), text.size());
}

std::string canonical_org(OrgType type, const std::string &org) {
    check_text(org);
    if (org.empty()) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "an organization must not be empty");
    }
    switch (type) {
    case OrgType::kUuid:
        return pg::call<canonical_uuid>(org.c_str());
    case OrgType::kBigint:
        return pg::call<canonical_bigint>(org.c_str());
    default:
        return org;
    }
}

ContextValues canonical(const ContextValues &given) {
    ContextValues values = given;
    values.orgs.clear();
    std::unordered_set<std::string> seen;
    for (const std::string &org : given.orgs) {
        pg::check_for_interrupts();
        std::string one = canonical_org(given.org_type, org);
        if (seen.insert(one).second) {
            values.orgs.push_back(std::move(one));
        }
    }
    if (values.orgs.empty()) {
        values.org_type = OrgType::kNone;
    } else if (values.org_type == OrgType::kNone) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                        "organizations of a tenant context need a type");
    }
    if (values.orgs.empty() && values.user.empty()) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                        "a tenant context needs an organization or a user");
    }
    check_text(values.user);
    check_text(values.role);
    check_text(values.claims);
    if (!values.claims.empty()) {
        values.claims = pg::call<canonical_jsonb>(values.claims.c_str());
    }
    return values;
}

bool has_same_orgs(const Context &was, const ContextValues &values) {
    return was.org_type == values.org_type &&
           std::equal(was.orgs, was.orgs + was.org_count, values.orgs.begin(), values.orgs.end());
}

bool is_same(const Context &was, const ContextValues &values) {
    return has_same_orgs(was, values) && was.user == values.user && was.role == values.role &&
           was.claims == values.claims;
}

pg::Error refuse(std::string detail) {
    return pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                     "this transaction has entered a tenant context already")
        .detail(std::move(detail))
        .hint("enter once, at the beginning of a transaction");
}

// An injected statement must not get from one organization to another with a token that it found.
void check_entry(const ContextValues &values) {
    if (values.way == kSet || values.way == kBreakGlass) {
        return;
    }
    const Context *was = setting();
    if (was == nullptr) {
        if (was_dropped()) {
            throw refuse("It was reset in this transaction.");
        }
        return;
    }
    if (was->is_left) {
        throw refuse("It was left in this transaction.");
    }
    if (is_same(*was, values)) {
        return;
    }
    const bool adds_org =
        values.way == kMembership && was->user == values.user && was->org_count == 0;
    if (!adds_org || was->expires <= GetCurrentTimestamp()) {
        throw refuse(was->is_session ? "It is the session's." : "It is of another identity.");
    }
}

} // namespace

void set_current(const ContextValues &given, bool session) {
    const ContextValues values = canonical(given);
    check_entry(values);
    if (values.expires <= GetCurrentTimestamp()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "tenant context has expired")
            .detail(std::string("It was valid until ") + timestamptz_to_str(values.expires) + ".");
    }
    const Context *was = current();
    const bool same = was != nullptr && is_same(*was, values);
    const std::string value = encode_context(values, session, same ? was->serial : ++last_serial);
    if (value.size() > kLongestValue) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "tenant context is too long")
            .detail("It has " + std::to_string(value.size()) + " bytes; the limit is " +
                    std::to_string(kLongestValue) + ".");
    }
    store(value, session);
}

void leave_current() {
    const Context *context = current();
    if (context == nullptr) {
        return;
    }
    if (context->is_session) {
        store("", true);
    }
    store(kLeftValue, false);
}

const char *org_type_name(OrgType type) noexcept {
    switch (type) {
    case OrgType::kUuid:
        return "uuid";
    case OrgType::kBigint:
        return "bigint";
    case OrgType::kText:
        return "text";
    case OrgType::kNone:
        break;
    }
    return "none";
}

} // namespace custody::tenant
