// Where a wire row is put together: one growing buffer in a memory context, used for every row of
// a scan. Plain C-style: an ERROR may jump over it, its memory context cleans up.
#pragma once

#include "common/big_endian.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

struct RowBuffer {
    std::byte *data;
    Size length;
    Size capacity;
    Size value; // where the column begins that is being written
};

/// A value may be no longer than what the server's own functions return: a few bytes of jsonb can
/// stand for gigabytes of digits.
[[noreturn]] void refuse_length();

/// Makes room beyond the capacity; raises an ERROR out of memory, or where the value is too long.
void grow(RowBuffer *out, Size more);

/// Room for `bytes` at the end, not yet counted as written.
inline std::byte *reserve(RowBuffer *out, Size bytes) {
    if (unlikely(out->capacity - out->length < bytes)) {
        grow(out, bytes);
    }
    return out->data + out->length;
}

inline void append(RowBuffer *out, const void *bytes, Size length) {
    memcpy(reserve(out, length), bytes, length);
    out->length += length;
}

template <typename T> inline void append_big(RowBuffer *out, T value) {
    wire::put_big(reserve(out, sizeof(T)), value);
    out->length += sizeof(T);
}

/// A length word and an integer of that length.
template <typename T> inline void append_sized(RowBuffer *out, T value) {
    std::byte *at = reserve(out, 4 + sizeof(T));
    wire::put_u32(at, sizeof(T));
    wire::put_big(at + 4, value);
    out->length += 4 + sizeof(T);
}

/// A length word and the bytes.
inline void append_sized_bytes(RowBuffer *out, const void *bytes, Size length) {
    std::byte *at = reserve(out, 4 + length);
    wire::put_u32(at, static_cast<uint32>(length));
    memcpy(at + 4, bytes, length);
    out->length += 4 + length;
}

inline void append_null(RowBuffer *out) { append_big<uint32>(out, 0xFFFFFFFFU); }

/// For a value whose length is known only when it is written: returns where the length word is,
/// which end_value() fills.
inline Size begin_value(RowBuffer *out) {
    reserve(out, 4);
    out->length += 4;
    return out->length;
}
inline void end_value(RowBuffer *out, Size start) {
    if (unlikely(out->length - start > MaxAllocSize)) {
        refuse_length();
    }
    wire::put_u32(out->data + start - 4, static_cast<uint32>(out->length - start));
}

} // namespace custody::digest
