// Plain C-style: no local has a destructor.
#include "extension/audit/adoption_notes.hpp"

#include "common/big_endian.hpp"

#include <charconv>

namespace custody::audit {

namespace {

constexpr std::string_view kHead = "{\"adopted\": [";
constexpr std::string_view kTail = "]}";

bool skip(AdoptionReader *reader, std::string_view text) {
    if (reader->rest.size() < text.size() ||
        memcmp(reader->rest.data(), text.data(), text.size()) != 0) {
        return false;
    }
    reader->rest = reader->rest.subspan(text.size());
    return true;
}

bool take_hash(AdoptionReader *reader) {
    constexpr Size kDigits = 64;
    if (reader->rest.size() < kDigits) {
        return false;
    }
    const char *at = reinterpret_cast<const char *>(reader->rest.data());
    for (Size i = 0; i < kDigits / 2; ++i) {
        std::uint8_t byte = 0;
        const auto read = std::from_chars(at + 2 * i, at + 2 * i + 2, byte, 16);
        if (read.ec != std::errc() || read.ptr != at + 2 * i + 2) {
            return false;
        }
        reader->hash[i] = std::byte{byte};
    }
    reader->rest = reader->rest.subspan(kDigits);
    return true;
}

bool take_number(AdoptionReader *reader, uint64 *number) {
    const char *at = reinterpret_cast<const char *>(reader->rest.data());
    const auto read = std::from_chars(at, at + reader->rest.size(), *number);
    if (read.ec != std::errc()) {
        return false;
    }
    reader->rest = reader->rest.subspan(static_cast<Size>(read.ptr - at));
    return true;
}

} // namespace

AdoptionReader read_notes(ledger::Bytes notes) {
    AdoptionReader reader = {notes, false, true, {}};
    reader.good = notes.empty() || skip(&reader, kHead);
    return reader;
}

bool next_adopted(AdoptionReader *reader, Adopted *one) {
    if (!reader->good || reader->rest.empty()) {
        return false;
    }
    if (reader->begun && skip(reader, kTail)) {
        reader->good = reader->rest.empty();
        return false;
    }
    reader->good = (!reader->begun || skip(reader, ", ")) && skip(reader, "[\"") &&
                   take_hash(reader) && skip(reader, "\", \"") && take_number(reader, &one->xid) &&
                   skip(reader, "\"]");
    reader->begun = true;
    one->incarnation = wire::get_big<std::int64_t>(reader->hash.data());
    return reader->good;
}

void write_adopted(StringInfo notes, const ledger::Hash *incarnation, uint64 xid) {
    appendStringInfoString(notes, notes->len == 0 ? "{\"adopted\": [" : ", ");
    appendStringInfoString(notes, "[\"");
    enlargeStringInfo(notes, 65);
    notes->len += static_cast<int>(hex_encode(reinterpret_cast<const char *>(incarnation->data()),
                                              incarnation->size(), notes->data + notes->len));
    appendStringInfo(notes, "\", \"" UINT64_FORMAT "\"]", xid);
}

void end_notes(StringInfo notes) {
    if (notes->len > 0) {
        appendStringInfoString(notes, "]}");
    }
}

} // namespace custody::audit
