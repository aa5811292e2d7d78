#include "common/json_line.hpp"

#include <cstring>

namespace custody::ledger {

namespace {

unsigned char byte(char c) noexcept { return static_cast<unsigned char>(c); }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Bytes of the sequence that begins here; 0 where it is none.
std::size_t sequence(const char *here, std::size_t left) noexcept {
    const unsigned char first = byte(here[0]);
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                                            : 4;
    if (size == 0 || first > 0xf4 || size > left) {
        return 0;
    }
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(here[i]) & 0xc0) != 0x80) {
            return 0;
        }
    }
    const unsigned char second = size > 1 ? byte(here[1]) : 0;
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return wrong ? 0 : size;
}

char *put_utf8(char *out, std::uint32_t code) noexcept {
    const auto put = [&out](std::uint32_t value) { *out++ = static_cast<char>(value); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
    return out;
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t eight;
        if (text.size() - at >= sizeof(eight)) { // nearly all of a bundle is ASCII
            std::memcpy(&eight, text.data() + at, sizeof(eight));
            if ((eight & 0x8080808080808080ULL) == 0) {
                at += sizeof(eight);
                continue;
            }
        }
        const std::size_t size = sequence(text.data() + at, text.size() - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

bool JsonLine::parse(std::span<char> line) {
    values_.clear();
    here_ = line.data();
    end_ = here_ + line.size();
    if (!is_utf8({line.data(), line.size()})) {
        return false;
    }
    space();
    if (here_ == end_ || *here_ != '{' || !value(0)) {
        return false;
    }
    space();
    return here_ == end_;
}

void JsonLine::space() noexcept {
    while (here_ != end_ && (*here_ == ' ' || *here_ == '\t' || *here_ == '\r' || *here_ == '\n')) {
        ++here_;
    }
}

bool JsonLine::take(char wanted) noexcept {
    space();
    if (here_ == end_ || *here_ != wanted) {
        return false;
    }
    ++here_;
    return true;
}

bool JsonLine::value(unsigned depth) {
    space();
    if (here_ == end_ || depth == kDeepest) {
        return false;
    }
    const std::size_t index = values_.size();
    values_.emplace_back();
    bool good;
    switch (*here_) {
    case '{':
        good = object(depth);
        break;
    case '[':
        good = list(depth);
        break;
    case '"':
        good = text();
        break;
    case 'n':
    case 't':
    case 'f':
        good = literal();
        break;
    default:
        good = number();
    }
    values_[index].next = static_cast<std::uint32_t>(values_.size());
    return good;
}

bool JsonLine::object(unsigned depth) {
    const std::size_t index = values_.size() - 1;
    values_[index].kind = JsonKind::object;
    ++here_;
    if (take('}')) {
        return true;
    }
    do {
        space();
        if (here_ == end_ || *here_ != '"' || !value(depth + 1) || !take(':') ||
            !value(depth + 1)) {
            return false;
        }
        ++values_[index].size;
    } while (take(','));
    return take('}');
}

bool JsonLine::list(unsigned depth) {
    const std::size_t index = values_.size() - 1;
    values_[index].kind = JsonKind::list;
    ++here_;
    if (take(']')) {
        return true;
    }
    do {
        if (!value(depth + 1)) {
            return false;
        }
        ++values_[index].size;
    } while (take(','));
    return take(']');
}

bool JsonLine::text() {
    JsonValue &value = values_.back();
    value.kind = JsonKind::text;
    char *const start = ++here_;
    char *out = start;
    for (;;) {
        char *const plain = here_;
        while (here_ != end_ && *here_ != '"' && *here_ != '\\' && byte(*here_) >= 0x20) {
            ++here_;
        }
        const auto size = static_cast<std::size_t>(here_ - plain);
        if (out != plain) {
            std::memmove(out, plain, size);
        }
        out += size;
        if (here_ == end_ || byte(*here_) < 0x20) {
            return false;
        }
        if (*here_++ == '"') {
            value.text = std::span(start, out);
            return true;
        }
        if (!escape(out)) {
            return false;
        }
    }
}

bool JsonLine::escape(char *&out) {
    if (here_ == end_) {
        return false;
    }
    const std::string_view names = "\"\\/bfnrt";
    const std::string_view values = "\"\\/\b\f\n\r\t";
    const char name = *here_++;
    if (const auto found = names.find(name); found != std::string_view::npos) {
        *out++ = values[found];
        return true;
    }
    std::uint32_t code;
    if (name != 'u' || !four_digits(code)) {
        return false;
    }
    if (code >= 0xd800 && code < 0xdc00) {
        std::uint32_t low;
        if (end_ - here_ < 2 || here_[0] != '\\' || here_[1] != 'u') {
            return false;
        }
        here_ += 2;
        if (!four_digits(low) || low < 0xdc00 || low > 0xdfff) {
            return false;
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return false;
    }
    out = put_utf8(out, code);
    return true;
}

bool JsonLine::four_digits(std::uint32_t &code) {
    code = 0;
    for (int i = 0; i < 4; ++i) {
        if (here_ == end_) {
            return false;
        }
        const char c = *here_++;
        const char letter = static_cast<char>(c | 0x20);
        if (!is_digit(c) && (letter < 'a' || letter > 'f')) {
            return false;
        }
        code = code << 4 | static_cast<std::uint32_t>(is_digit(c) ? c - '0' : letter - 'a' + 10);
    }
    return true;
}

/// -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
bool JsonLine::number() {
    char *const start = here_;
    const auto digits = [this] {
        const char *const first = here_;
        while (here_ != end_ && is_digit(*here_)) {
            ++here_;
        }
        return here_ != first;
    };
    const auto one_of = [this](std::string_view choices) {
        const bool found = here_ != end_ && choices.find(*here_) != std::string_view::npos;
        here_ += found ? 1 : 0;
        return found;
    };
    one_of("-");
    const bool zero = here_ != end_ && *here_ == '0';
    char *const first = here_;
    if (!digits() || (zero && here_ - first > 1) || (one_of(".") && !digits())) {
        return false;
    }
    if (one_of("eE")) {
        one_of("+-");
        if (!digits()) {
            return false;
        }
    }
    values_.back().kind = JsonKind::number;
    values_.back().text = std::span(start, here_);
    return true;
}

bool JsonLine::literal() {
    for (const std::string_view word : {"null", "true", "false"}) {
        if (std::string_view(here_, end_).starts_with(word)) {
            values_.back().kind = JsonKind::literal;
            values_.back().text = std::span(here_, word.size());
            here_ += word.size();
            return true;
        }
    }
    return false;
}

} // namespace custody::ledger
