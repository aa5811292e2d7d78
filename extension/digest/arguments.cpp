// Plain C-style: no local has a destructor.
#include "extension/digest/arguments.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

void require(FunctionCallInfo fcinfo, int argument, const char *name) {
    if (fcinfo->args[argument].isnull) {
        pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, psprintf("argument \"%s\" is null", name));
    }
}

char **names_of(Datum array, const char *argument, int *count) {
    Datum *values;
    bool *nulls;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
                      count);
    char **names = static_cast<char **>(palloc(sizeof(char *) * Max(*count, 1)));
    for (int i = 0; i < *count; ++i) {
        if (nulls[i]) {
            pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED,
                      psprintf("argument \"%s\" holds a null", argument));
        }
        names[i] = TextDatumGetCString(values[i]);
    }
    return names;
}

wire::Form form_of(Datum argument) {
    const char *name = TextDatumGetCString(argument);
    for (const wire::Form form : {wire::Form::binary, wire::Form::text}) {
        if (wire::form_name(form) == name) {
            return form;
        }
    }
    pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("invalid form \"%s\"", name), nullptr,
              "use \"binary\" or \"text\"");
}

Profile profile_of(Datum argument) {
    const char *name = TextDatumGetCString(argument);
    for (const Profile profile : {Profile::fast, Profile::sql, Profile::evidence}) {
        if (profile_name(profile) == name) {
            return profile;
        }
    }
    pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("invalid profile \"%s\"", name), nullptr,
              "use \"fast\", \"sql\" or \"evidence\"");
}

uint32 buckets_of(Datum argument) {
    const int32 buckets = DatumGetInt32(argument);
    if (!valid_bucket_count(static_cast<uint32>(buckets))) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE,
                  psprintf("invalid number of buckets: %d", buckets), nullptr,
                  "use a power of two from 1 to 65536");
    }
    return static_cast<uint32>(buckets);
}

Datum text_array(char **texts, int count) {
    Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        values[i] = CStringGetTextDatum(texts[i]);
    }
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum make_record(FunctionCallInfo fcinfo, Datum *values) {
    TupleDesc row_type;
    if (get_call_result_type(fcinfo, nullptr, &row_type) != TYPEFUNC_COMPOSITE) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "function is called where it cannot return a row");
    }
    bool nulls[8] = {};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row_type), values, nulls));
}

} // namespace custody::digest
