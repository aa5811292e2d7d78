// Plain C-style hot loop: jsonb as jsonb_send writes it (version byte, then the text that
// JsonbToCString makes), read straight from the stored form, which may lie unaligned.
#include "extension/digest/encode_value.hpp"

namespace custody::digest {

namespace {

constexpr uint8 kSendVersion = 1;

uint32 load_u32(const char *at) {
    uint32 value;
    memcpy(&value, at, 4);
    return value;
}

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

constexpr uint64 repeat(uint8 byte) { return 0x0101010101010101ULL * byte; }

/// True when one of eight bytes is a control character, a quote or a backslash.
bool any_needs_escape(uint64 word) {
    const uint64 quote = word ^ repeat('"');
    const uint64 backslash = word ^ repeat('\\');
    const uint64 found = (word - repeat(0x20)) & ~word;
    const uint64 quotes = (quote - repeat(0x01)) & ~quote;
    const uint64 backslashes = (backslash - repeat(0x01)) & ~backslash;
    return ((found | quotes | backslashes) & repeat(0x80)) != 0;
}

char *put_escaped(char *out, unsigned char c) {
    static const char kDigits[] = "0123456789abcdef";
    *out++ = '\\';
    switch (c) {
    case '\b':
        *out++ = 'b';
        return out;
    case '\f':
        *out++ = 'f';
        return out;
    case '\n':
        *out++ = 'n';
        return out;
    case '\r':
        *out++ = 'r';
        return out;
    case '\t':
        *out++ = 't';
        return out;
    case '"':
    case '\\':
        *out++ = static_cast<char>(c);
        return out;
    default:
        memcpy(out, "u00", 3);
        out[3] = kDigits[c >> 4];
        out[4] = kDigits[c & 15];
        return out + 5;
    }
}

/// A piece of a string, escaped as escape_json does it.
void put_piece(RowBuffer *out, const char *text, Size length) {
    char *const start = reinterpret_cast<char *>(reserve(out, 6 * length));
    char *at = start;
    const char *const end = text + length;
    while (text < end) {
        uint64 word;
        if (end - text >= 8 && (memcpy(&word, text, 8), !any_needs_escape(word))) {
            memcpy(at, &word, 8);
            at += 8;
            text += 8;
            continue;
        }
        const char *const stop = Min(text + 8, end);
        for (; text < stop; ++text) {
            const auto c = static_cast<unsigned char>(*text);
            if (needs_escape(c)) {
                at = put_escaped(at, c);
            } else {
                *at++ = *text;
            }
        }
    }
    out->length += static_cast<Size>(at - start);
}

/// A string in quotes, in pieces so that the room for the worst case stays small.
void put_string(RowBuffer *out, const char *text, Size length) {
    constexpr Size kPiece = 8192;
    append(out, "\"", 1);
    while (length > kPiece) {
        put_piece(out, text, kPiece);
        text += kPiece;
        length -= kPiece;
    }
    put_piece(out, text, length);
    append(out, "\"", 1);
}

/// The children of a container in order, each with where its bytes lie.
struct Children {
    const char *entries; // of the next child
    const char *base;
    uint32 offset;
    const char *at;
    uint32 length;
    uint32 type;

    void next() {
        const uint32 entry = load_u32(entries);
        entries += 4;
        const uint32 start = offset;
        JBE_ADVANCE_OFFSET(offset, entry);
        at = base + start;
        length = offset - start;
        type = entry & JENTRY_TYPEMASK;
    }
};

void put_container(RowBuffer *out, const char *container);

/// Numbers and containers are aligned within their parent: padding comes first.
void put_child(RowBuffer *out, const Children *child) {
    const Size padding = INTALIGN(child->at - child->base) - (child->at - child->base);
    switch (child->type) {
    case JENTRY_ISSTRING:
        put_string(out, child->at, child->length);
        return;
    case JENTRY_ISNUMERIC: {
        const char *number = child->at + padding;
        const Size header = VARATT_IS_1B(number) ? VARHDRSZ_SHORT : VARHDRSZ;
        append_numeric_text(out, number + header, child->length - padding - header);
        return;
    }
    case JENTRY_ISBOOL_FALSE:
        append(out, "false", 5);
        return;
    case JENTRY_ISBOOL_TRUE:
        append(out, "true", 4);
        return;
    case JENTRY_ISNULL:
        append(out, "null", 4);
        return;
    default:
        put_container(out, child->at + padding);
        return;
    }
}

void put_array(RowBuffer *out, const char *container, uint32 count, bool scalar) {
    Children children{};
    children.entries = container + 4;
    children.base = container + 4 + 4 * static_cast<Size>(count);
    if (!scalar) {
        append(out, "[", 1);
    }
    for (uint32 i = 0; i < count; ++i) {
        if (i > 0) {
            append(out, ", ", 2);
        }
        children.next();
        put_child(out, &children);
    }
    if (!scalar) {
        append(out, "]", 1);
    }
}

void put_object(RowBuffer *out, const char *container, uint32 count) {
    Children keys{};
    keys.entries = container + 4;
    keys.base = container + 4 + 8 * static_cast<Size>(count);
    Children values = keys; // behind all keys
    for (uint32 i = 0; i < count; ++i) {
        values.next();
    }
    append(out, "{", 1);
    for (uint32 i = 0; i < count; ++i) {
        if (i > 0) {
            append(out, ", ", 2);
        }
        keys.next();
        put_string(out, keys.at, keys.length);
        append(out, ": ", 2);
        values.next();
        put_child(out, &values);
    }
    append(out, "}", 1);
}

void put_container(RowBuffer *out, const char *container) {
    check_stack_depth();
    CHECK_FOR_INTERRUPTS();
    const uint32 header = load_u32(container);
    const uint32 count = header & JB_CMASK;
    if ((header & JB_FOBJECT) != 0) {
        put_object(out, container, count);
    } else {
        put_array(out, container, count, (header & JB_FSCALAR) != 0);
    }
}

} // namespace

void encode_jsonb(RowBuffer *out, Datum value) {
    struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
    append_big<uint8>(out, kSendVersion);
    const Size start = out->length;
    put_container(out, VARDATA_ANY(bytes));
    if (!database_needs_conversion()) {
        return;
    }
    const Size length = out->length - start;
    const char *text = pnstrdup(reinterpret_cast<const char *>(out->data + start), length);
    out->length = start;
    append_utf8(out, text, length);
}

} // namespace custody::digest
