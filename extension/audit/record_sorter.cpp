// Plain C-style: no local has a destructor.
#include "extension/audit/record_sorter.hpp"

namespace custody::audit {

RecordSorter *make_record_sorter(int memory) {
    const TypeCacheEntry *type = lookup_type_cache(BYTEAOID, TYPECACHE_LT_OPR);
    return tuplesort_begin_datum(BYTEAOID, type->lt_opr, InvalidOid, false, memory, nullptr, 0);
}

void begin_record(digest::RowBuffer *record) {
    constexpr Size kFirst = 1024;
    if (record->data == nullptr) {
        record->data = static_cast<std::byte *>(palloc(kFirst));
        record->capacity = kFirst;
    }
    record->length = VARHDRSZ;
}

void put_record(RecordSorter *sorter, digest::RowBuffer *record) {
    SET_VARSIZE(record->data, record->length);
    tuplesort_putdatum(sorter, PointerGetDatum(record->data), false);
}

bool next_record(RecordSorter *sorter, struct varlena **held, const std::byte **bytes,
                 Size *length) {
    if (*held != nullptr) {
        pfree(*held);
        *held = nullptr;
    }
    Datum value;
    if (!custody_next_sorted(sorter, &value)) {
        return false;
    }
    *held = reinterpret_cast<struct varlena *>(DatumGetPointer(value));
    *bytes = reinterpret_cast<const std::byte *>(VARDATA_ANY(*held));
    *length = VARSIZE_ANY_EXHDR(*held);
    return true;
}

} // namespace custody::audit
