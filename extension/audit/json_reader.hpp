// Members of JSON values, read with the server's own jsonb. Plain C-style: results live in the
// value or in the current memory context.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// nullptr where the object has no such member, or null.
const JsonbValue *json_member(JsonbContainer *object, const char *name);

/// The defaults where there is no member of that type.
const char *json_text(JsonbContainer *object, const char *name, const char *otherwise);
bool json_bool(JsonbContainer *object, const char *name, bool otherwise);
int64 json_integer(JsonbContainer *object, const char *name, int64 otherwise);

/// nullptr where there is no member that is an array or object.
JsonbContainer *json_container(JsonbContainer *object, const char *name);

} // namespace custody::audit
