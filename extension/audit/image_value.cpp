// Plain C-style: no local has a destructor.
#include "extension/audit/image_value.hpp"

#include "common/big_endian.hpp"

#include "extension/audit/owner_code.hpp"
#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/attempt.hpp"

namespace custody::audit {

namespace {

[[noreturn]] void refuse_image(const char *what) {
    pg::raise(ERRCODE_DATA_CORRUPTED, psprintf("invalid %s of the audit ledger", what));
}

StoredValues room_for(int count) {
    return {0, static_cast<StoredValue *>(palloc0(sizeof(StoredValue) * Max(count, 1)))};
}

StoredValue stored(const ledger::ImageValue *value) {
    StoredValue result = {value->position,     ValueState::value, value->bytes.data(),
                          value->bytes.size(), Datum{0},          nullptr};
    switch (value->form) {
    case ledger::kValueNull:
        result.state = ValueState::null;
        break;
    case ledger::kValueRedacted:
        result.state = ValueState::redacted;
        break;
    case ledger::kValueHashed:
    case ledger::kValueTooLarge: {
        auto *hash = static_cast<std::byte *>(palloc(value->hash.size()));
        memcpy(hash, value->hash.data(), value->hash.size());
        result.state =
            value->form == ledger::kValueHashed ? ValueState::hashed : ValueState::too_large;
        result.bytes = hash;
        result.length = static_cast<Size>(value->length);
        break;
    }
    default:
        break;
    }
    return result;
}

struct Reading {
    ImageTable *table;
    MemoryContext context;
    UseValue use;
    void *frame;
};

/// Whose type it is that fails, or that somebody waits for.
void say_column(void *argument) {
    const auto *column = static_cast<const ImageColumn *>(argument);
    errcontext("value of column \"%s\" in the audit ledger, of type %s", column->name,
               column->type);
}

void read_one(const Reading *reading, StoredValue *value) {
    ImageColumn *column = &reading->table->columns[value->position];
    if (!OidIsValid(column->type_oid)) {
        value->state = ValueState::bytes;
        return;
    }
    plan_column(reading->table, column, reading->context);
    if (OidIsValid(column->reader) && !runs_owner_code()) {
        value->state = ValueState::bytes;
        return;
    }
    ErrorContextCallback said = {error_context_stack, say_column, column};
    error_context_stack = &said; // after an ERROR the guard puts it back
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    if (OidIsValid(column->reader)) {
        SetUserIdAndSecContext(column->reader, security);
    }
    value->datum = decode_value(&column->decoder, value->bytes, value->length);
    reading->use(column, value, reading->frame);
    SetUserIdAndSecContext(user, security); // after an ERROR the subtransaction's end does it
    error_context_stack = said.previous;
}

struct Attempt {
    const Reading *reading;
    StoredValue *values;
    int count;
};

void read_all(void *frame) {
    auto *attempt = static_cast<Attempt *>(frame);
    for (int i = 0; i < attempt->count; ++i) {
        if (attempt->values[i].state == ValueState::value) {
            read_one(attempt->reading, &attempt->values[i]);
        }
    }
}

/// False where a type raised an error. Code of a type's owner may raise an internal one, too, and
/// must not so keep others from what the ledger tells of other rows.
bool read_safely(const Reading *reading, StoredValue *values, int count, bool others) {
    Attempt attempt = {reading, values, count};
    return pg::attempt(read_all, &attempt, others);
}

bool has_code_of_others(const ImageTable *table, const StoredValue *value) {
    const ImageColumn *column = &table->columns[value->position];
    return !column->planned || OidIsValid(column->reader);
}

} // namespace

const char *state_name(ValueState state) {
    switch (state) {
    case ValueState::null:
        return "null";
    case ValueState::redacted:
        return "redacted";
    case ValueState::hashed:
        return "hashed";
    case ValueState::too_large:
        return "too_large";
    case ValueState::bytes:
        return "bytes";
    default:
        return "value";
    }
}

StoredValues values_of_image(const ImageTable *table, const std::byte *image, Size length) {
    ledger::ImageReader reader({image, length});
    StoredValues values = room_for(reader.columns());
    ledger::ImageValue value;
    while (reader.next(value)) {
        if (value.position >= table->count || values.count == reader.columns()) {
            refuse_image("image");
        }
        values.values[values.count++] = stored(&value);
    }
    if (!reader.complete() || reader.kind() == ledger::ImageKind::text ||
        (reader.kind() == ledger::ImageKind::full && values.count != table->count)) {
        refuse_image("image");
    }
    return values;
}

StoredValues values_of_key(const ImageTable *table, const std::byte *key, Size length) {
    StoredValues values = room_for(table->key_count);
    if (length == 0) {
        return values;
    }
    const std::byte *end = key + length;
    if (length < 2 || wire::get_big<std::uint16_t>(key) != table->key_count) {
        refuse_image("key");
    }
    key += 2;
    for (int i = 0; i < table->key_count; ++i) {
        if (end - key < 4) {
            refuse_image("key");
        }
        const int32 bytes = wire::get_i32(key);
        key += 4;
        if (bytes < -1 || bytes > end - key) {
            refuse_image("key");
        }
        values.values[values.count++] = {
            table->key[i], bytes < 0 ? ValueState::null : ValueState::value,
            key,           static_cast<Size>(Max(bytes, 0)),
            Datum{0},      nullptr};
        key += Max(bytes, 0);
    }
    if (key != end) {
        refuse_image("key");
    }
    return values;
}

void read_values(ImageTable *table, MemoryContext context, StoredValues values, UseValue use,
                 void *frame) {
    const Reading reading = {table, context, use, frame};
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    const int level = digest::pin_settings();
    // Constraints of domains, and casts to json, belong to whoever made the types, and run with his
    // rights: not with those of who asks, nor of a function of custody on its way to an answer.
    SetUserIdAndSecContext(GetOuterUserId(),
                           security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    // One subtransaction for all, and where one of them cannot be read, one for each.
    if (!read_safely(&reading, values.values, values.count, true)) {
        for (int i = 0; i < values.count; ++i) {
            StoredValue *value = &values.values[i];
            if (value->state == ValueState::value &&
                !read_safely(&reading, value, 1, has_code_of_others(table, value))) {
                value->state = ValueState::bytes;
            }
        }
    }
    SetUserIdAndSecContext(user, security);
    digest::unpin_settings(level);
}

char *hexadecimal_of(const StoredValue *value) {
    if (value->state == ValueState::null || value->state == ValueState::redacted) {
        return nullptr;
    }
    const Size length = value->state == ValueState::bytes ? value->length : ledger::Hash{}.size();
    auto *text = static_cast<char *>(palloc(2 * length + 1));
    text[hex_encode(reinterpret_cast<const char *>(value->bytes), length, text)] = '\0';
    return text;
}

} // namespace custody::audit
