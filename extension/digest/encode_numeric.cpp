// Plain C-style hot loop. The stored form of numeric, which the server keeps private to numeric.c
// but cannot change without breaking pg_upgrade: a uint16 header (short form: sign, scale, weight),
// or two of them (long form: sign and scale; weight), then digits to the base 10000.
#include "extension/digest/encode_value.hpp"

namespace custody::digest {

namespace {

constexpr uint16 kSignMask = 0xC000;
constexpr uint16 kNegative = 0x4000;
constexpr uint16 kShort = 0x8000;
constexpr uint16 kSpecial = 0xC000;
constexpr uint16 kExtendedSignMask = 0xF000;
constexpr uint16 kShortNegative = 0x2000;
constexpr uint16 kShortScaleMask = 0x1F80;
constexpr int kShortScaleShift = 7;
constexpr uint16 kShortWeightSign = 0x0040;
constexpr uint16 kShortWeightMask = 0x003F;
constexpr uint16 kLongScaleMask = 0x3FFF;
constexpr int kManyPlaces = 1000;

struct Parts {
    int digits;
    int16 weight;
    uint16 sign;
    uint16 scale;
    const char *at; // of the digits, in the machine's byte order, perhaps unaligned
};

uint16 load_u16(const char *at) {
    uint16 value;
    memcpy(&value, at, 2);
    return value;
}

/// As numeric_send takes a value apart; an infinity's scale is what lies in its header's bits.
Parts take_apart(const char *at, Size length) {
    const uint16 header = load_u16(at);
    Parts parts;
    if ((header & kShort) != 0) {
        const int weight = header & kShortWeightMask;
        parts.weight = static_cast<int16>(
            (header & kShortWeightSign) != 0 ? weight - (kShortWeightMask + 1) : weight);
        parts.scale = (header & kShortScaleMask) >> kShortScaleShift;
        if ((header & kSignMask) == kSpecial) {
            parts.sign = header & kExtendedSignMask;
        } else {
            parts.sign = (header & kShortNegative) != 0 ? kNegative : 0;
        }
        parts.at = at + 2;
        parts.digits = static_cast<int>((length - 2) / 2);
    } else {
        parts.weight = static_cast<int16>(load_u16(at + 2));
        parts.scale = header & kLongScaleMask;
        parts.sign = header & kSignMask;
        parts.at = at + 4;
        parts.digits = static_cast<int>((length - 4) / 2);
    }
    return parts;
}

/// Four decimal digits of the number at a place of the base 10000, zero outside what is stored.
void put_four(char *out, const Parts *parts, int place) {
    int digit = place >= 0 && place < parts->digits ? load_u16(parts->at + 2 * place) : 0;
    for (int i = 3; i >= 0; --i) {
        out[i] = static_cast<char>('0' + digit % 10);
        digit /= 10;
    }
}

} // namespace

void encode_numeric(RowBuffer *out, Datum value) {
    struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
    const Parts parts = take_apart(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    std::byte *at = reserve(out, 8 + 2 * static_cast<Size>(parts.digits));
    wire::put_u16(at, static_cast<uint16>(parts.digits));
    wire::put_u16(at + 2, static_cast<uint16>(parts.weight));
    wire::put_u16(at + 4, parts.sign);
    wire::put_u16(at + 6, parts.scale);
    for (int i = 0; i < parts.digits; ++i) {
        wire::put_u16(at + 8 + 2 * i, load_u16(parts.at + 2 * i));
    }
    out->length += 8 + 2 * static_cast<Size>(parts.digits);
}

void append_numeric_text(RowBuffer *out, const char *at, Size length) {
    const Parts parts = take_apart(at, length);
    const int whole = parts.weight < 0 ? 0 : parts.weight + 1; // places before the point
    if (whole > kManyPlaces) {
        CHECK_FOR_INTERRUPTS(); // a few bytes are many digits
    }
    char *const start =
        reinterpret_cast<char *>(reserve(out, 4 * static_cast<Size>(whole) + parts.scale + 8));
    char *text = start;
    if (parts.sign == kNegative) {
        *text++ = '-';
    }
    if (whole == 0) {
        *text++ = '0';
    }
    for (int place = 0; place < whole; ++place) {
        char four[4];
        put_four(four, &parts, place);
        int skip = 0;
        while (place == 0 && skip < 3 && four[skip] == '0') {
            ++skip;
        }
        memcpy(text, four + skip, 4 - skip);
        text += 4 - skip;
    }
    if (parts.scale > 0) {
        *text++ = '.';
        char *const end = text + parts.scale;
        for (int place = parts.weight + 1; text < end; ++place, text += 4) {
            put_four(text, &parts, place);
        }
        text = end;
    }
    out->length += static_cast<Size>(text - start);
}

} // namespace custody::digest
