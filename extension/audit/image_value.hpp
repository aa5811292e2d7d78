// Values of stored images and keys, found in their bytes and read. Plain C-style.
#pragma once

#include "common/ledger_image.hpp"

#include "extension/audit/image_table.hpp"

namespace custody::audit {

enum class ValueState : uint8 { value, null, redacted, hashed, too_large, bytes };

/// "value", "null", ... as event_values() has them.
const char *state_name(ValueState state);

struct StoredValue {
    int position;
    ValueState state; // `bytes`: they are no value of the type by now
    const std::byte *bytes;
    Size length; // of the bytes; of what is too large, of what was not stored
    Datum datum; // of ValueState::value, once read
    char *text;  // what event_values() shows, once written
};

struct StoredValues {
    int count;
    StoredValue *values;
};

/// The values of an image, none of one that is none; raises data_corrupted for what is no image, or
/// has positions that the table does not have. The values point into the image.
StoredValues values_of_image(const ImageTable *table, const std::byte *image, Size length);
/// The same of a key.
StoredValues values_of_key(const ImageTable *table, const std::byte *key, Size length);

/// Does something with a value whose datum was read; may ereport.
using UseValue = void (*)(ImageColumn *column, StoredValue *value, void *frame);

/// Reads each value that is there and hands it to `use`. What cannot be read, or not be used, by
/// the types as they are now gets the state `bytes`: an error of a type never leaves, but what
/// cancels does. Settings are pinned meanwhile, and the user is whoever asks, outside of functions
/// that change it. `context` is that of the table.
void read_values(ImageTable *table, MemoryContext context, StoredValues values, UseValue use,
                 void *frame);

/// What is shown of a value that is not there as such: the hash, in hexadecimal, of what is hashed
/// or too large, the bytes of what cannot be read; nullptr for NULL and redacted ones.
char *hexadecimal_of(const StoredValue *value);

} // namespace custody::audit
