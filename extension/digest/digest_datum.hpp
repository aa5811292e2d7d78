// A digest as a value of the SQL type custody.digest: its 56 bytes as they are. Plain C-style.
#pragma once

#include "common/digest_value.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

inline const DigestValue *digest_of(Datum value) {
    return reinterpret_cast<const DigestValue *>(DatumGetPointer(value));
}

/// A copy in the current memory context.
inline Datum digest_datum(DigestValue value) {
    auto *copy = static_cast<DigestValue *>(palloc(sizeof(DigestValue)));
    *copy = value;
    return PointerGetDatum(copy);
}

} // namespace custody::digest
