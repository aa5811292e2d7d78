#include "common/form_text.hpp"

#include "common/token_identity.hpp"

namespace custody::token {

namespace {

bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_plain(char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '*' || c == '~';
}

unsigned hex(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    c = static_cast<char>(c | 32);
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a' + 10);
    }
    throw Refused("the payload has a malformed % sequence");
}

void decode(std::string_view text, std::string &value) {
    value.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_plain(text[i])) {
            value += text[i];
        } else if (text[i] == '+') {
            value += ' ';
        } else if (text[i] == '%' && text.size() - i > 2) {
            value += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            throw Refused("the payload has a character that must be encoded");
        }
    }
}

} // namespace

bool FormReader::next() {
    if (rest_.empty() && !first_) {
        return false;
    }
    first_ = false;
    const std::size_t end = rest_.find('&');
    const std::string_view pair = rest_.substr(0, end);
    if (end != std::string_view::npos && end + 1 == rest_.size()) {
        throw Refused("the payload ends in &");
    }
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        throw Refused("the payload has a field without a name or a value");
    }
    name_ = pair.substr(0, equals);
    for (const char c : name_) {
        if (!is_letter_or_digit(c) && c != '_') {
            throw Refused("the payload has a field whose name is malformed");
        }
    }
    decode(pair.substr(equals + 1), value_);
    return true;
}

void append_pair(std::string &text, std::string_view name, std::string_view value) {
    constexpr char kHex[] = "0123456789ABCDEF";
    if (!text.empty()) {
        text += '&';
    }
    text += name;
    text += '=';
    for (const char c : value) {
        if (is_plain(c)) {
            text += c;
        } else if (c == ' ') {
            text += '+';
        } else {
            const auto byte = static_cast<unsigned char>(c);
            text += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
}

} // namespace custody::token
