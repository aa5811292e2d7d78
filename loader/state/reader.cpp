#include "loader/state/reader.hpp"

#include <stdexcept>

namespace custody::state {
namespace {

int nibble(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

Error unreadable(const char *column) {
    return {Exit::partial, "unexpected-answer",
            std::string("cannot read column \"") + column + "\" of the migration's state"};
}

} // namespace

std::vector<int> Reader::numbers(const char *name) const {
    std::vector<int> values;
    for (const auto &text : texts(name)) {
        int value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
            throw unreadable(name);
        values.push_back(value);
    }
    return values;
}

std::optional<digest::BucketSet> Reader::digests(const char *name) const {
    const int column = result_.column(name);
    if (result_.is_null(row_, column))
        return std::nullopt;
    const auto text = result_.text(row_, column);
    std::vector<std::byte> bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = nibble(text[2 * i]);
        const int low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0)
            throw unreadable(name);
        bytes[i] = static_cast<std::byte>(high << 4 | low);
    }
    try {
        return digest::BucketSet::from_bytes(bytes);
    } catch (const std::invalid_argument &) {
        throw unreadable(name);
    }
}

std::string hex(const digest::BucketSet &digests) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const auto byte : digests.to_bytes()) {
        text.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4]);
        text.push_back(kDigits[std::to_integer<unsigned>(byte) & 15]);
    }
    return text;
}

std::string array_literal(const std::vector<int> &values) {
    std::string text = "{";
    for (const int value : values) {
        if (text.size() > 1)
            text.push_back(',');
        text += std::to_string(value);
    }
    return text + "}";
}

Error state_moved(const std::string &object, std::string_view expected) {
    return {Exit::partial, "state-moved", "the state of " + object + " is not what it was",
            "expected it to be " + std::string(expected),
            "another session changed it; run again, the state is read anew"};
}

} // namespace custody::state
