#include "common/token_identity.hpp"

#include <algorithm>
#include <charconv>

namespace custody::token {

namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string canonical_uuid(std::string_view org) {
    std::string uuid(org);
    for (char &c : uuid) {
        c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    }
    bool good = uuid.size() == 36;
    for (std::size_t i = 0; good && i < uuid.size(); ++i) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        good = hyphen ? uuid[i] == '-' : is_hex(uuid[i]);
    }
    if (!good) {
        throw Refused("the org is no uuid");
    }
    return uuid;
}

std::string canonical_bigint(std::string_view org) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(org.data(), org.data() + org.size(), value);
    if (error != std::errc() || end != org.data() + org.size() || std::to_string(value) != org) {
        throw Refused("the org is no bigint");
    }
    return std::string(org);
}

/// Bytes of the sequence that `text` starts with; 0 where it is malformed.
std::size_t sequence_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const unsigned second = byte(1);
    const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                       (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return wrong ? 0 : length;
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

void check_text(std::string_view text, const char *what) {
    if (text.empty()) {
        throw Refused(std::string(what) + " is empty");
    }
    if (text.size() > kLongestText) {
        throw Refused(std::string(what) + " is too long");
    }
    const bool control = std::any_of(text.begin(), text.end(),
                                     [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (control || !is_utf8(text)) {
        throw Refused(std::string(what) + " is no plain text");
    }
}

std::string canonical_org(OrgKind kind, std::string_view org) {
    switch (kind) {
    case OrgKind::uuid:
        return canonical_uuid(org);
    case OrgKind::bigint:
        return canonical_bigint(org);
    case OrgKind::text:
        check_text(org, "the org");
        return std::string(org);
    case OrgKind::none:
        break;
    }
    throw Refused("the org has no type");
}

OrgKind org_kind(std::string_view word) noexcept {
    for (const OrgKind kind : {OrgKind::uuid, OrgKind::bigint, OrgKind::text}) {
        if (word == org_kind_word(kind)) {
            return kind;
        }
    }
    return OrgKind::none;
}

std::string_view org_kind_word(OrgKind kind) noexcept {
    switch (kind) {
    case OrgKind::uuid:
        return "uuid";
    case OrgKind::bigint:
        return "bigint";
    case OrgKind::text:
        return "text";
    case OrgKind::none:
        break;
    }
    return "none";
}

} // namespace custody::token
