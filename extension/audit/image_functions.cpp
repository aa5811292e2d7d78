// What a stored image or key says, as SQL reads it. The C functions take the descriptor's text, so
// that whoever may read an event need not read the ledger.
#include "extension/audit/image_value.hpp"

#include "extension/digest/row_set.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

ImageTableCache *cache_of(FunctionCallInfo fcinfo) {
    if (fcinfo->flinfo->fn_extra == nullptr) {
        fcinfo->flinfo->fn_extra =
            MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ImageTableCache));
    }
    return static_cast<ImageTableCache *>(fcinfo->flinfo->fn_extra);
}

struct Request {
    FunctionCallInfo fcinfo;
    ImageTable *table;
    MemoryContext context;
    StoredValues values;
};

/// Plain C-style. The arguments are descriptor, bytes, and whether they are a key.
void find_values(Request *request) {
    bytea *bytes = DatumGetByteaPP(request->fcinfo->args[1].value);
    const auto *data = reinterpret_cast<const std::byte *>(VARDATA_ANY(bytes));
    const Size length = VARSIZE_ANY_EXHDR(bytes);
    request->values = DatumGetBool(request->fcinfo->args[2].value)
                          ? values_of_key(request->table, data, length)
                          : values_of_image(request->table, data, length);
}

void write_text(ImageColumn *column, StoredValue *value, void *) {
    value->text = OutputFunctionCall(&column->decoder.output, value->datum);
}

/// The text form has the texts themselves, whatever became of the types.
void take_texts(Request *request) {
    for (int i = 0; i < request->values.count; ++i) {
        StoredValue *value = &request->values.values[i];
        if (value->state == ValueState::value) {
            value->text = server_text(reinterpret_cast<const char *>(value->bytes), value->length);
        }
    }
}

void put_values(Request *request) {
    const digest::RowSet set = digest::make_row_set(request->fcinfo);
    find_values(request);
    if (request->table->form == wire::Form::text) {
        take_texts(request);
    } else {
        read_values(request->table, request->context, request->values, write_text, nullptr);
    }
    for (int i = 0; i < request->values.count; ++i) {
        const StoredValue *value = &request->values.values[i];
        const ImageColumn *column = &request->table->columns[value->position];
        const char *text = value->state == ValueState::value ? value->text : hexadecimal_of(value);
        Datum row[] = {Int32GetDatum(value->position), CStringGetTextDatum(column->name),
                       CStringGetTextDatum(column->type),
                       CStringGetTextDatum(state_name(value->state)),
                       text == nullptr ? Datum{0} : CStringGetTextDatum(text)};
        bool nulls[] = {false, false, false, false, text == nullptr};
        digest::put_row(&set, row, nulls);
        CHECK_FOR_INTERRUPTS();
    }
}

/// to_jsonb() of one value: it looks at the type of its argument's expression.
Datum to_jsonb_of(ImageColumn *column, Datum value, MemoryContext context) {
    if (!column->json_planned) {
        MemoryContext caller = MemoryContextSwitchTo(context);
        const Oid type = getBaseType(column->type_oid);
        fmgr_info(F_TO_JSONB, &column->to_json);
        Node *call = reinterpret_cast<Node *>(
            makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(makeNullConst(type, -1, InvalidOid)),
                         InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
        fmgr_info_set_expr(call, &column->to_json);
        column->json_planned = true;
        MemoryContextSwitchTo(caller);
    }
    return FunctionCall1(&column->to_json, value);
}

void write_json(ImageColumn *column, StoredValue *value, void *frame) {
    value->datum = to_jsonb_of(column, value->datum, static_cast<Request *>(frame)->context);
}

JsonbValue string_value(const char *text) {
    JsonbValue value;
    value.type = jbvString;
    value.val.string.val = const_cast<char *>(text);
    value.val.string.len = static_cast<int>(strlen(text));
    return value;
}

void push_string(JsonbParseState **state, JsonbIteratorToken token, const char *text) {
    JsonbValue value = string_value(text);
    (void)pushJsonbValue(state, token, &value);
}

/// What stands for a value that is not there as such: an object that says so.
void push_substitute(JsonbParseState **state, const StoredValue *value) {
    (void)pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
    push_string(state, WJB_KEY, state_name(value->state));
    const char *text = hexadecimal_of(value);
    push_string(state, WJB_VALUE, text == nullptr ? "" : text);
    if (value->state == ValueState::too_large) {
        JsonbValue length;
        length.type = jbvNumeric;
        length.val.numeric = int64_to_numeric(static_cast<int64>(value->length));
        push_string(state, WJB_KEY, "length");
        (void)pushJsonbValue(state, WJB_VALUE, &length);
    }
    (void)pushJsonbValue(state, WJB_END_OBJECT, nullptr);
}

void push_value(JsonbParseState **state, const StoredValue *value, wire::Form form) {
    JsonbValue member;
    if (value->state == ValueState::null) {
        member.type = jbvNull;
    } else if (value->state == ValueState::bytes && form == wire::Form::text) {
        push_string(state, WJB_VALUE,
                    server_text(reinterpret_cast<const char *>(value->bytes), value->length));
        return;
    } else if (value->state != ValueState::value) {
        push_substitute(state, value);
        return;
    } else {
        Jsonb *json = DatumGetJsonbP(value->datum);
        if (!JB_ROOT_IS_SCALAR(json) || !JsonbExtractScalar(&json->root, &member)) {
            member.type = jbvBinary;
            member.val.binary.data = &json->root;
            member.val.binary.len = static_cast<int>(VARSIZE(json) - VARHDRSZ);
        }
    }
    (void)pushJsonbValue(state, WJB_VALUE, &member);
}

Datum make_json(Request *request) {
    find_values(request);
    read_values(request->table, request->context, request->values, write_json, request);
    JsonbParseState *state = nullptr;
    (void)pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (int i = 0; i < request->values.count; ++i) {
        const StoredValue *value = &request->values.values[i];
        push_string(&state, WJB_KEY, request->table->columns[value->position].name);
        push_value(&state, value, request->table->form);
    }
    return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

Request request_of(FunctionCallInfo fcinfo) {
    ImageTableCache *cache = pg::call<cache_of>(fcinfo);
    Request request = {};
    request.fcinfo = fcinfo;
    request.table = image_table(cache, fcinfo->flinfo->fn_mcxt, fcinfo->args[0].value);
    request.context = cache->context;
    return request;
}

} // namespace

} // namespace custody::audit

CUSTODY_FUNCTION(custody_image_values) {
    custody::audit::Request request = custody::audit::request_of(fcinfo);
    custody::pg::call<custody::audit::put_values>(&request);
    return Datum{0};
}

CUSTODY_FUNCTION(custody_image_json) {
    custody::audit::Request request = custody::audit::request_of(fcinfo);
    return custody::pg::call<custody::audit::make_json>(&request);
}
