// Plain C-style: no local has a destructor.
// A folded image beside the live row: which columns differ, and which cannot be compared.
#include "common/big_endian.hpp"
#include "common/ledger_image.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

struct Cursor {
    const std::byte *at;
    Size left;
};

enum class Verdict : uint8 { same, different, unknown };

[[noreturn]] void refuse_folded() {
    pg::raise(ERRCODE_DATA_CORRUPTED, "invalid folded image of the audit ledger");
}

const std::byte *take(Cursor *in, Size bytes) {
    if (in->left < bytes) {
        refuse_folded();
    }
    const std::byte *taken = in->at;
    in->at += bytes;
    in->left -= bytes;
    return taken;
}

int take_u16(Cursor *in) { return wire::get_big<std::uint16_t>(take(in, 2)); }

/// Where not all columns are known, each has its position before it.
int next_position(Cursor in) { return take_u16(&in); }

Cursor cursor_of(Datum bytes) {
    bytea *value = DatumGetByteaPP(bytes);
    return {reinterpret_cast<const std::byte *>(VARDATA_ANY(value)), VARSIZE_ANY_EXHDR(value)};
}

/// A live value; its length is -1 for NULL.
struct LiveValue {
    int32 length;
    const std::byte *bytes;
};

LiveValue take_live(Cursor *in) {
    const int32 length = wire::get_i32(take(in, 4));
    return {length, take(in, static_cast<Size>(Max(length, 0)))};
}

Verdict compare_hash(Cursor *folded, Cursor *hashes, LiveValue live, bool with_length) {
    uint64 length = 0;
    if (with_length) {
        length = wire::get_big<std::uint64_t>(take(folded, 8));
    }
    const std::byte *hash = take(folded, 32);
    ledger::Salt salt;
    memcpy(salt.data(), take(hashes, salt.size()), salt.size());
    const auto position = static_cast<std::uint16_t>(take_u16(hashes));
    if (live.length < 0 || (with_length && static_cast<uint64>(live.length) != length)) {
        return Verdict::different;
    }
    const ledger::Hash found =
        ledger::value_hash(salt, position, {live.bytes, static_cast<Size>(live.length)});
    return memcmp(found.data(), hash, found.size()) == 0 ? Verdict::same : Verdict::different;
}

Verdict compare_value(Cursor *folded, Cursor *hashes, LiveValue live) {
    const int32 length = wire::get_i32(take(folded, 4));
    if (length >= 0) {
        const std::byte *bytes = take(folded, static_cast<Size>(length));
        return live.length == length && memcmp(bytes, live.bytes, static_cast<Size>(length)) == 0
                   ? Verdict::same
                   : Verdict::different;
    }
    switch (length) {
    case ledger::kValueNull:
        return live.length < 0 ? Verdict::same : Verdict::different;
    case ledger::kValueHashed:
        return compare_hash(folded, hashes, live, false);
    case ledger::kValueTooLarge:
        return compare_hash(folded, hashes, live, true);
    default:
        return Verdict::unknown;
    }
}

} // namespace

} // namespace custody::audit

CUSTODY_FUNCTION(custody_image_differences) {
    using namespace custody::audit;
    Cursor folded = cursor_of(PG_GETARG_DATUM(0));
    Cursor hashes = cursor_of(PG_GETARG_DATUM(1));
    Cursor live = cursor_of(PG_GETARG_DATUM(2));
    if (folded.left == live.left + 1 && memcmp(folded.at + 1, live.at, live.left) == 0) {
        PG_RETURN_NULL();
    }
    const bool whole = *take(&folded, 1) == std::byte{1};
    const int count = take_u16(&folded);
    const int live_count = take_u16(&live);
    auto *found = static_cast<Datum *>(palloc(sizeof(Datum) * Max(live_count, 1)));
    int differences = 0;
    int read = 0;
    for (int i = 0; i < live_count; ++i) {
        const LiveValue value = take_live(&live);
        Verdict verdict = Verdict::unknown;
        if (whole || (read < count && next_position(folded) == i)) {
            ++read;
            (void)take(&folded, whole ? 0 : 2);
            verdict = compare_value(&folded, &hashes, value);
        }
        if (verdict != Verdict::same) {
            found[differences++] = Int32GetDatum(verdict == Verdict::different ? i : -1 - i);
        }
    }
    if (read != count || folded.left != 0 || live.left != 0) {
        refuse_folded();
    }
    if (differences == 0) {
        PG_RETURN_NULL();
    }
    PG_RETURN_ARRAYTYPE_P(
        construct_array(found, differences, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}
