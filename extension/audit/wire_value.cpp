// Plain C-style: no local has a destructor.
// The text of a value as the bytes that a wire row has of it: a default that rows got without being
// written. Domains and casts run with the rights of whoever made the type.
#include "extension/audit/image_table.hpp"
#include "extension/audit/owner_code.hpp"
#include "extension/digest/encode_value.hpp"
#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/attempt.hpp"

namespace custody::audit {

namespace {

struct Conversion {
    const char *value;
    const char *type;
    wire::Form form;
    digest::RowBuffer bytes;
};

void convert(void *frame) {
    auto *conversion = static_cast<Conversion *>(frame);
    Oid type = InvalidOid;
    int32 typmod;
    parseTypeString(conversion->type, &type, &typmod, false);
    const Oid owner = owner_of_code(type);
    if (OidIsValid(owner)) { // until the subtransaction ends
        int security;
        Oid user;
        GetUserIdAndSecContext(&user, &security);
        SetUserIdAndSecContext(owner, security);
    }
    Oid input;
    Oid parameter;
    const Oid base = getBaseType(type);
    getTypeInputInfo(base, &input, &parameter);
    // The value is that of a column already: nothing is cut to a typmod here.
    const Datum value =
        OidInputFunctionCall(input, const_cast<char *>(conversion->value), parameter, -1);
    digest::ValuePlan plan;
    digest::plan_value(&plan, base, conversion->form);
    digest::encode_value(&conversion->bytes, &plan, value);
}

bool convert_as_caller(Conversion *conversion) {
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    const int level = digest::pin_settings();
    SetUserIdAndSecContext(GetOuterUserId(),
                           security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    const bool good = pg::attempt(convert, conversion);
    SetUserIdAndSecContext(user, security);
    digest::unpin_settings(level);
    return good;
}

} // namespace

} // namespace custody::audit

CUSTODY_FUNCTION(custody_wire_value) {
    using namespace custody;
    audit::Conversion conversion = {};
    conversion.value = text_to_cstring(PG_GETARG_TEXT_PP(0));
    conversion.type = text_to_cstring(PG_GETARG_TEXT_PP(1));
    conversion.form = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(2)), "text") == 0
                          ? wire::Form::text
                          : wire::Form::binary;
    conversion.bytes.data = static_cast<std::byte *>(palloc(1024));
    conversion.bytes.capacity = 1024;
    if (!audit::convert_as_caller(&conversion)) {
        PG_RETURN_NULL();
    }
    const Size length = conversion.bytes.length - 4; // without its length word
    auto *result = static_cast<bytea *>(palloc(VARHDRSZ + length));
    SET_VARSIZE(result, VARHDRSZ + length);
    memcpy(VARDATA(result), conversion.bytes.data + 4, length);
    PG_RETURN_BYTEA_P(result);
}
