// A verified user enters an org: whether the user belongs to it is said by a table that the DBA has
// named, read at that moment.
#include "common/token_identity.hpp"
#include "extension/pg/values.hpp"
#include "extension/tenant/context.hpp"
#include "extension/tenant/key_cache.hpp"
#include "extension/tenant/membership_query.hpp"

namespace custody::tenant {

namespace {

using token::OrgKind;

OrgKind kind_of(Oid type) noexcept {
    switch (type) {
    case UUIDOID:
        return OrgKind::uuid;
    case INT2OID:
    case INT4OID:
    case INT8OID:
        return OrgKind::bigint;
    case TEXTOID:
    case VARCHAROID:
        return OrgKind::text;
    default:
        return OrgKind::none;
    }
}

MembershipShape shape_of(const MembershipSource &source) {
    const char *role = source.role_column.empty() ? nullptr : source.role_column.c_str();
    return pg::call<membership_shape>(source.relation, source.user_column.c_str(),
                                      source.org_column.c_str(), role);
}

/// What makes a table unfit; empty where it is fit. Looked at whenever it is asked: it may have
/// been altered, or replaced, since it was named.
std::string fault_of(const MembershipSource &source, const MembershipShape &shape) {
    if (!shape.is_table) {
        return "it is not a table, or is a temporary one";
    }
    if (kind_of(shape.user_type) == OrgKind::none || kind_of(shape.org_type) == OrgKind::none) {
        return "the columns of user and org must exist and be uuid, smallint, integer, bigint, "
               "text or varchar";
    }
    if (!shape.is_deterministic) {
        return "the collation of a column is nondeterministic: it takes different texts for the "
               "same";
    }
    if (!source.role_column.empty() && !OidIsValid(shape.role_type)) {
        return "the column of the role does not exist";
    }
    return {};
}

void check_shape(const MembershipSource &source, const MembershipShape &shape) {
    const std::string fault = fault_of(source, shape);
    if (!fault.empty()) {
        throw pg::Error(ERRCODE_WRONG_OBJECT_TYPE, "relation cannot tell who is a member")
            .detail(fault)
            .hint("name a table with custody.set_membership()");
    }
}

const char *quote(const char *name) { return quote_identifier(name); }

std::string quoted(const std::string &name) { return pg::call<quote>(name.c_str()); }

/// $1 and $2 are texts; the column stays bare, so that its index is of use.
std::string condition(const std::string &column, OrgKind kind, const char *parameter) {
    const std::string cast = kind == OrgKind::uuid     ? "::pg_catalog.uuid"
                             : kind == OrgKind::bigint ? "::pg_catalog.int8"
                                                       : "";
    return "m." + quoted(column) + " OPERATOR(pg_catalog.=) " + parameter + cast;
}

std::string query_for(const MembershipSource &source, const MembershipShape &shape) {
    const std::string role =
        source.role_column.empty() ? "NULL" : "m." + quoted(source.role_column);
    return "SELECT " + role + "::pg_catalog.text FROM " + (shape.is_partitioned ? "" : "ONLY ") +
           shape.schema + "." + shape.table + " m WHERE " +
           condition(source.org_column, kind_of(shape.org_type), "$1") + " AND " +
           condition(source.user_column, kind_of(shape.user_type), "$2");
}

MembershipSource membership_source() {
    const auto &source = key_cache().membership;
    if (!source) {
        throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "no membership table is set")
            .hint("name it with custody.set_membership()");
    }
    return *source;
}

/// The user alone, before an org is entered.
ContextValues verified_user() {
    const Context *context = current();
    if (context == nullptr || context->is_left || context->user.empty() ||
        context->expires <= GetCurrentTimestamp()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "no verified user")
            .hint("enter with a token that names a user and no org first");
    }
    ContextValues values;
    values.user = context->user;
    values.role = context->role;
    values.claims = context->claims;
    values.expires = context->expires;
    values.way = kMembership;
    return values;
}

[[noreturn]] void refuse_member() {
    throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "user is not a member of the organization");
}

/// Any text may stand in a column of texts.
void check_form(OrgKind kind, const std::string &value) {
    if (kind != OrgKind::text) {
        (void)token::canonical_org(kind, value);
    }
}

MembershipAnswer ask(const MembershipSource &source, const MembershipShape &shape,
                     const std::string &org, const std::string &user) {
    try {
        check_form(kind_of(shape.user_type), user);
        check_form(kind_of(shape.org_type), org);
    } catch (const token::Refused &) {
        refuse_member(); // no row could say so
    }
    const std::string query = query_for(source, shape);
    return pg::call<ask_membership>(source.relation, query.c_str(), org.c_str(), user.c_str());
}

Datum enter_org(OrgType type, OrgKind kind, std::string org) {
    ContextValues values = verified_user();
    const MembershipSource source = membership_source();
    const MembershipShape shape = shape_of(source);
    check_shape(source, shape);
    if (kind_of(shape.org_type) != kind) {
        throw pg::Error(ERRCODE_DATATYPE_MISMATCH, "organization is of another type")
            .detail("the membership table has " +
                    std::string(token::org_kind_word(kind_of(shape.org_type))))
            .hint("cast the argument to it");
    }
    const MembershipAnswer answer = ask(source, shape, org, values.user);
    if (!answer.is_member) {
        refuse_member();
    }
    if (answer.has_several_roles) {
        throw pg::Error(ERRCODE_CARDINALITY_VIOLATION, "user has several roles in the organization")
            .hint("make user and org unique in the membership table");
    }
    if (!source.role_column.empty()) {
        values.role = answer.role == nullptr ? "" : answer.role;
    }
    values.org_type = type;
    values.orgs.push_back(std::move(org));
    set_current(values, false);
    return Datum{0};
}

void refuse_null(bool is_null) {
    if (is_null) {
        throw pg::Error(ERRCODE_NULL_VALUE_NOT_ALLOWED, "organization is null");
    }
}

char *uuid_text(Datum uuid) { return OidOutputFunctionCall(F_UUID_OUT, uuid); }

} // namespace

CUSTODY_FUNCTION(custody_enter_org_uuid) {
    refuse_null(PG_ARGISNULL(0));
    return enter_org(OrgType::kUuid, OrgKind::uuid, pg::call<uuid_text>(PG_GETARG_DATUM(0)));
}

CUSTODY_FUNCTION(custody_enter_org_bigint) {
    refuse_null(PG_ARGISNULL(0));
    return enter_org(OrgType::kBigint, OrgKind::bigint, std::to_string(PG_GETARG_INT64(0)));
}

CUSTODY_FUNCTION(custody_enter_org_text) {
    refuse_null(PG_ARGISNULL(0));
    return enter_org(OrgType::kText, OrgKind::text, pg::text_value(PG_GETARG_DATUM(0)));
}

/// Raises where the columns could not tell who is a member.
CUSTODY_FUNCTION(custody_check_membership) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) {
        throw pg::Error(ERRCODE_NULL_VALUE_NOT_ALLOWED,
                        "table, user column and org column must be named");
    }
    MembershipSource source;
    source.relation = PG_GETARG_OID(0);
    source.user_column = NameStr(*PG_GETARG_NAME(1));
    source.org_column = NameStr(*PG_GETARG_NAME(2));
    source.role_column = PG_ARGISNULL(3) ? "" : NameStr(*PG_GETARG_NAME(3));
    check_shape(source, shape_of(source));
    PG_RETURN_VOID();
}

} // namespace custody::tenant
