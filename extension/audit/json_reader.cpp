// Plain C-style: no local has a destructor.
#include "extension/audit/json_reader.hpp"

namespace custody::audit {

const JsonbValue *json_member(JsonbContainer *object, const char *name) {
    if (!JsonContainerIsObject(object)) {
        return nullptr;
    }
    JsonbValue key;
    key.type = jbvString;
    key.val.string.val = const_cast<char *>(name);
    key.val.string.len = static_cast<int>(strlen(name));
    const JsonbValue *value = findJsonbValueFromContainer(object, JB_FOBJECT, &key);
    return value == nullptr || value->type == jbvNull ? nullptr : value;
}

const char *json_text(JsonbContainer *object, const char *name, const char *otherwise) {
    const JsonbValue *value = json_member(object, name);
    return value == nullptr || value->type != jbvString
               ? otherwise
               : pnstrdup(value->val.string.val, static_cast<Size>(value->val.string.len));
}

bool json_bool(JsonbContainer *object, const char *name, bool otherwise) {
    const JsonbValue *value = json_member(object, name);
    return value == nullptr || value->type != jbvBool ? otherwise : value->val.boolean;
}

int64 json_integer(JsonbContainer *object, const char *name, int64 otherwise) {
    const JsonbValue *value = json_member(object, name);
    return value == nullptr || value->type != jbvNumeric
               ? otherwise
               : DatumGetInt64(
                     DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
}

JsonbContainer *json_container(JsonbContainer *object, const char *name) {
    const JsonbValue *value = json_member(object, name);
    return value == nullptr || value->type != jbvBinary ? nullptr : value->val.binary.data;
}

} // namespace custody::audit
