// Plain C-style: the context as a row, for diagnosis.
#include "extension/tenant/context.hpp"

namespace custody::tenant {

namespace {

enum Column { kType, kOrgs, kUser, kRole, kExpires, kWay, kSession, kValid, kColumns };

Datum text_of(std::string_view value) {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

Datum orgs_of(const Context &context) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (context.org_count + 1)));
    for (std::uint32_t i = 0; i < context.org_count; ++i) {
        values[i] = text_of(context.orgs[i]);
    }
    return PointerGetDatum(construct_array(values, static_cast<int>(context.org_count), TEXTOID, -1,
                                           false, TYPALIGN_INT));
}

void fill(const Context &context, Datum (&values)[kColumns], bool (&nulls)[kColumns]) {
    const auto put = [&](Column column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    };
    put(kType, CStringGetTextDatum(org_type_name(context.org_type)));
    put(kOrgs, orgs_of(context));
    if (!context.user.empty()) {
        put(kUser, text_of(context.user));
    }
    if (!context.role.empty()) {
        put(kRole, text_of(context.role));
    }
    put(kExpires, TimestampTzGetDatum(context.expires));
    put(kWay, text_of(context.way));
    put(kSession, BoolGetDatum(context.is_session));
    put(kValid, BoolGetDatum(GetCurrentTimestamp() < context.expires));
}

} // namespace

} // namespace custody::tenant

using namespace custody::tenant;

CUSTODY_FUNCTION(custody_context_info) {
    TupleDesc description;
    if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE) {
        custody::pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                           "function is called where it cannot return a row");
    }
    Datum values[kColumns] = {};
    bool nulls[kColumns];
    for (bool &null : nulls) {
        null = true;
    }
    values[kValid] = BoolGetDatum(false);
    nulls[kValid] = false;
    if (const Context *context = current()) {
        fill(*context, values, nulls);
    }
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}
