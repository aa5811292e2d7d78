// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/capture_row.hpp"

#include "common/sha256.hpp"

#include "extension/digest/encode_value.hpp"

namespace custody::audit {

namespace {

using digest::RowBuffer;

constexpr std::byte kFull{1};
constexpr std::byte kChanged{2};
constexpr std::byte kText{3};

constexpr int32 kRedacted = -2;
constexpr int32 kHashed = -3;
constexpr int32 kTooLarge = -4;

// A datum may have 1 GB, and so an image: past this, values are stored as hashes.
constexpr Size kLargestImage = 256 * 1024 * 1024;
// Organizations are in indexes, and in a block's every link.
constexpr Size kLongestOrg = 2000;
constexpr Size kUsualCapacity = 8192;
constexpr Size kLargestKept = 1024 * 1024;

RowBytes sides[2];

void begin(RowBuffer *buffer) {
    if (unlikely(buffer->data == nullptr)) {
        buffer->data =
            static_cast<std::byte *>(MemoryContextAlloc(TopMemoryContext, kUsualCapacity));
        buffer->capacity = kUsualCapacity;
    }
    buffer->length = buffer->value = VARHDRSZ;
}

void release(RowBuffer *buffer) {
    if (unlikely(buffer->capacity > kLargestKept)) {
        pfree(buffer->data);
        *buffer = {};
    }
}

/// Puts what stands for a value in the place of it: from `start`, its length word, on.
void replace(RowBuffer *out, Size start, int32 marker, uint16 position, const ledger::Salt &salt) {
    const Size length = out->length - start - 4;
    const ledger::Hash hash = ledger::value_hash(salt, position, {out->data + start + 4, length});
    out->length = start;
    digest::append_big<int32>(out, marker);
    if (marker == kTooLarge) {
        digest::append_big<uint64>(out, length);
    }
    digest::append(out, hash.data(), hash.size());
}

/// As it is in the wire row.
void append_plain(RowBuffer *out, CaptureColumn *column, Datum value, bool is_null) {
    out->value = out->length;
    if (is_null) {
        digest::append_null(out);
    } else {
        digest::encode_value(out, &column->plan, value);
    }
}

/// Makes of a value in the wire row's form what the ledger stores.
void finish(RowBuffer *out, Size start, const CaptureTable *table, int position, bool is_null,
            const ledger::Salt &salt) {
    const Store store = table->columns[position].store;
    if (unlikely(store == Store::redact)) {
        out->length = start;
        digest::append_big<int32>(out, kRedacted);
    } else if (unlikely(store == Store::hash)) {
        if (!is_null) {
            replace(out, start, kHashed, static_cast<uint16>(position), salt);
        }
    } else if (unlikely(out->length - start - 4 > table->options.large_value ||
                        out->length > kLargestImage) &&
               !is_null && out->length - start > 4 + 8 + 32) {
        replace(out, start, kTooLarge, static_cast<uint16>(position), salt);
    }
}

Datum value_at(const CaptureTable *table, int position, RowValues row, bool *is_null) {
    const int attribute = table->columns[position].attribute - 1;
    *is_null = row.nulls[attribute];
    return row.values[attribute];
}

/// False where the stored bytes say that two values are the same; they may be so, too, where these
/// differ: compressed or not, out of line or not.
bool may_differ(const CaptureColumn *column, Datum a, Datum b) {
    if (column->by_value) {
        return a != b;
    }
    const char *left = DatumGetPointer(a);
    const char *right = DatumGetPointer(b);
    if (left == right) {
        return false;
    }
    if (column->length > 0) {
        return memcmp(left, right, static_cast<Size>(column->length)) != 0;
    }
    if (column->length == -2) {
        return strcmp(left, right) != 0;
    }
    const Size size = VARSIZE_ANY(left);
    return size != VARSIZE_ANY(right) || memcmp(left, right, size) != 0;
}

/// One column that may have changed. True where it has.
bool append_change(RowBytes *before, RowBytes *after, const CaptureTable *table, int position,
                   RowValues old_row, RowValues new_row, const ledger::Salt &salt) {
    CaptureColumn *column = &table->columns[position];
    bool old_null;
    bool new_null;
    const Datum old_value = value_at(table, position, old_row, &old_null);
    const Datum new_value = value_at(table, position, new_row, &new_null);
    if (old_null && new_null) {
        return false;
    }
    if (!old_null && !new_null && !may_differ(column, old_value, new_value)) {
        return false;
    }
    RowBuffer *left = &before->image;
    RowBuffer *right = &after->image;
    const Size old_start = left->length;
    const Size new_start = right->length;
    digest::append_big(left, static_cast<uint16>(position));
    digest::append_big(right, static_cast<uint16>(position));
    append_plain(left, column, old_value, old_null);
    append_plain(right, column, new_value, new_null);
    const Size length = left->length - old_start;
    if (length == right->length - new_start &&
        memcmp(left->data + old_start, right->data + new_start, length) == 0) {
        left->length = old_start;
        right->length = new_start;
        return false;
    }
    finish(left, old_start + 2, table, position, old_null, salt);
    finish(right, new_start + 2, table, position, new_null, salt);
    return true;
}

bool is_of_key(const CaptureTable *table, int position) {
    if (position == table->org) {
        return true;
    }
    for (int i = 0; i < table->key_count; ++i) {
        if (table->key[i] == position) {
            return true;
        }
    }
    return false;
}

/// A text from `start` on that is too long to name an organization by is its hash.
void shorten_org(RowBuffer *out, Size start) {
    const Size length = out->length - start;
    if (likely(length <= kLongestOrg)) {
        return;
    }
    const digest::Sha256Bytes hash = digest::sha256({out->data + start, length});
    out->length = start - 1;
    digest::append(out, "h", 1);
    digest::append(out, hash.data(), hash.size());
}

template <typename Integer> void append_bigint_org(RowBuffer *out, Integer value) {
    digest::append(out, "b", 1);
    digest::append_big<int64>(out, value);
}

} // namespace

RowBytes *old_bytes() { return &sides[0]; }
RowBytes *new_bytes() { return &sides[1]; }

void encode_key(RowBytes *bytes, const CaptureTable *table, RowValues row) {
    RowBuffer *out = &bytes->key;
    begin(out);
    if (table->key_count == 0) {
        return;
    }
    digest::append_big(out, static_cast<uint16>(table->key_count));
    for (int i = 0; i < table->key_count; ++i) {
        bool is_null;
        const Datum value = value_at(table, table->key[i], row, &is_null);
        append_plain(out, &table->columns[table->key[i]], value, is_null);
    }
}

void encode_org(RowBytes *bytes, const CaptureTable *table, RowValues row) {
    RowBuffer *out = &bytes->org;
    begin(out);
    bool is_null = true;
    const Datum value =
        table->org_form == OrgForm::none ? Datum{0} : value_at(table, table->org, row, &is_null);
    if (is_null) {
        return;
    }
    switch (table->org_form) {
    case OrgForm::uuid:
        digest::append(out, "u", 1);
        digest::append(out, DatumGetPointer(value), UUID_LEN);
        break;
    case OrgForm::int2:
        append_bigint_org(out, DatumGetInt16(value));
        break;
    case OrgForm::int4:
        append_bigint_org(out, DatumGetInt32(value));
        break;
    case OrgForm::int8:
        append_bigint_org(out, DatumGetInt64(value));
        break;
    default: {
        digest::append(out, "t", 1);
        const Size start = out->length;
        digest::encode_value(out, const_cast<digest::ValuePlan *>(&table->org_plan), value);
        out->length -= 4; // its length word
        memmove(out->data + start, out->data + start + 4, out->length - start);
        shorten_org(out, start);
        break;
    }
    }
}

void encode_full(RowBytes *bytes, const CaptureTable *table, RowValues row,
                 const ledger::Salt &salt) {
    RowBuffer *out = &bytes->image;
    begin(out);
    digest::append(out, &kFull, 1);
    digest::append_big(out, static_cast<uint16>(table->column_count));
    for (int i = 0; i < table->column_count; ++i) {
        bool is_null;
        const Datum value = value_at(table, i, row, &is_null);
        const Size start = out->length;
        append_plain(out, &table->columns[i], value, is_null);
        finish(out, start, table, i, is_null, salt);
    }
}

void encode_note(RowBytes *bytes, const char *json) {
    begin(&bytes->key);
    begin(&bytes->org);
    begin(&bytes->image);
    digest::append(&bytes->image, &kText, 1);
    digest::append_utf8(&bytes->image, json, strlen(json));
}

Changes encode_changes(RowBytes *before, RowBytes *after, const CaptureTable *table,
                       RowValues old_row, RowValues new_row, const ledger::Salt &salt) {
    Changes changes = {0, false};
    for (RowBuffer *image : {&before->image, &after->image}) {
        begin(image);
        digest::append(image, &kChanged, 1);
        digest::append_big<uint16>(image, 0);
    }
    for (int i = 0; i < table->column_count; ++i) {
        if (append_change(before, after, table, i, old_row, new_row, salt)) {
            ++changes.columns;
            changes.of_key |= is_of_key(table, i);
        }
    }
    for (RowBuffer *image : {&before->image, &after->image}) {
        wire::put_u16(image->data + VARHDRSZ + 1, static_cast<uint16>(changes.columns));
    }
    return changes;
}

void release_row_bytes() {
    for (RowBytes &side : sides) {
        release(&side.key);
        release(&side.org);
        release(&side.image);
    }
}

} // namespace custody::audit
