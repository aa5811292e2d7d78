#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/bundle_lines.hpp"

namespace custody::ledger {

namespace {

[[noreturn]] void malformed(const std::string &what) { throw Refutation{Reason::form, what}; }

int digit_value(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Decodes over the digits themselves; false where they are no bytes.
bool decode_hex(std::span<char> text, Bytes &bytes) noexcept {
    if (text.size() % 2 != 0) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_value(text[i]);
        const int low = digit_value(text[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        text[i / 2] = static_cast<char>(high << 4 | low);
    }
    bytes = std::as_bytes(text.first(text.size() / 2));
    return true;
}

template <typename Integer> std::optional<Integer> parse_integer(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || (digits[0] == '0' && text.size() > 1)) {
        return std::nullopt;
    }
    Integer value;
    const char *const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

} // namespace

Members::Members(const JsonLine &line, std::uint32_t object,
                 std::initializer_list<std::string_view> names)
    : line_(line) {
    const JsonValue &value = line.at(object);
    if (value.kind != JsonKind::object) {
        malformed("something stands where an object is expected");
    }
    std::uint32_t at = object + 1;
    for (std::uint32_t i = 0; i < value.size; ++i) {
        const std::string_view name = text_of(line.at(at));
        const auto known = std::find(names.begin(), names.end(), name);
        if (known == names.end()) {
            malformed("a member is unknown");
        }
        const std::uint32_t member = at + 1;
        std::uint32_t &found = found_[static_cast<std::size_t>(known - names.begin())];
        if (found != 0) {
            malformed("member " + std::string(*known) + " is there twice");
        }
        found = member;
        at = line.at(member).next;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (found_[i] == 0) {
            malformed("member " + std::string(names.begin()[i]) + " is missing");
        }
    }
}

std::string_view text_of(const JsonValue &value) {
    if (value.kind != JsonKind::text) {
        malformed("something stands where a text is expected");
    }
    return {value.text.data(), value.text.size()};
}

Bytes hex_of(const JsonValue &value) {
    Bytes bytes;
    if (value.kind != JsonKind::text || !decode_hex(value.text, bytes)) {
        malformed("something stands where hexadecimal digits are expected");
    }
    return bytes;
}

Hash hash_of(const JsonValue &value) {
    const Bytes bytes = hex_of(value);
    Hash hash;
    if (bytes.size() != hash.size()) {
        malformed("a hash has not 32 bytes");
    }
    std::memcpy(hash.data(), bytes.data(), hash.size());
    return hash;
}

std::uint64_t number_of(const JsonValue &value, std::uint64_t most) {
    const std::string_view text(value.text.data(), value.text.size());
    const auto number =
        value.kind == JsonKind::number ? parse_integer<std::uint64_t>(text) : std::nullopt;
    if (!number || *number > most) {
        malformed("something stands where a whole number in its range is expected");
    }
    return *number;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
    return parse_integer<std::uint64_t>(text);
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    return parse_integer<std::int64_t>(text);
}

std::uint64_t decimal_of(const JsonValue &value) {
    const auto number = parse_decimal(text_of(value));
    if (!number) {
        malformed("something stands where a decimal number is expected");
    }
    return *number;
}

std::int64_t time_of(const JsonValue &value) {
    const auto number = parse_time(text_of(value));
    if (!number) {
        malformed("something stands where a time is expected");
    }
    return *number;
}

std::optional<Hash> parse_hash(std::string_view digits) {
    std::string copy(digits);
    Bytes bytes;
    Hash hash;
    if (!decode_hex(copy, bytes) || bytes.size() != hash.size()) {
        return std::nullopt;
    }
    std::memcpy(hash.data(), bytes.data(), hash.size());
    return hash;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-')) {
            return std::nullopt;
        }
        if (!dash) {
            digits += text[i];
        }
    }
    Bytes bytes;
    Uuid uuid;
    if (!decode_hex(digits, bytes) || bytes.size() != uuid.size()) {
        return std::nullopt;
    }
    std::memcpy(uuid.data(), bytes.data(), uuid.size());
    return uuid;
}

} // namespace custody::ledger
