// Changes that leave most of a bundle as it is: of whole lines, and of the words, values and
// members of one line, which stays JSON. Mutations of bytes nearly always end in a line that is
// none.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bundle_lines.hpp"

extern "C" std::size_t LLVMFuzzerMutate(unsigned char *bytes, std::size_t size, std::size_t most);

namespace custody::ledger::fuzz {

using Random = std::minstd_rand;

inline std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// Where in a line something is.
struct Piece {
    std::size_t at;
    std::size_t size;
    std::size_t end() const { return at + size; }
};

inline bool of_a_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

/// What a line is made of, the JSON that is a text of it included: a descriptor has columns.
struct Pieces {
    std::vector<Piece> words;
    std::vector<Piece> values;  // lists, objects and texts, with their brackets or quotes; words
    std::vector<Piece> members; // names with values

    explicit Pieces(std::string_view line) {
        std::vector<std::size_t> open;
        std::optional<std::size_t> quote;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (c == '{' || c == '[') {
                open.push_back(i);
            } else if ((c == '}' || c == ']') && !open.empty()) {
                values.push_back({open.back(), i + 1 - open.back()});
                open.pop_back();
            } else if (c == '"' && (i == 0 || line[i - 1] != '\\')) {
                if (quote) {
                    values.push_back({*quote, i + 1 - *quote});
                }
                quote = quote ? std::nullopt : std::optional(i);
            } else if (of_a_word(c)) {
                const std::size_t start = i;
                while (i + 1 < line.size() && of_a_word(line[i + 1])) {
                    ++i;
                }
                words.push_back({start, i + 1 - start});
            }
        }
        values.insert(values.end(), words.begin(), words.end());
        find_members(line);
    }

  private:
    void find_members(std::string_view line) {
        for (const Piece &name : values) {
            if (name.end() >= line.size() || line[name.end()] != ':') {
                continue;
            }
            const auto value = std::find_if(values.begin(), values.end(), [&](const Piece &piece) {
                return piece.at == name.end() + 1;
            });
            if (value != values.end()) {
                members.push_back({name.at, value->end() - name.at});
            }
        }
    }
};

class Change {
  public:
    Change(std::string_view text, unsigned seed) : random_(seed) {
        for (const std::string_view line : lines_of(text)) {
            lines_.emplace_back(line);
        }
    }

    std::string make() {
        if (!lines_.empty()) {
            any(4) == 0 ? of_lines() : of_a_line();
        }
        std::string text;
        for (const std::string &line : lines_) {
            text += line;
            text += '\n';
        }
        return text;
    }

  private:
    std::size_t any(std::size_t count) { return count == 0 ? 0 : random_() % count; }
    template <typename List> auto &any_of(List &list) { return list[any(list.size())]; }
    std::string &any_line() { return any_of(lines_); }

    void of_lines() {
        const auto at = [this] { return lines_.begin() + static_cast<long>(any(lines_.size())); };
        switch (any(3)) {
        case 0:
            lines_.erase(at());
            break;
        case 1: {
            const std::string copy = any_line();
            lines_.insert(at(), copy);
            break;
        }
        default:
            std::iter_swap(at(), at());
        }
    }

    void of_a_line() {
        std::string &line = any_line();
        const std::string before = line;
        const Pieces pieces(line);
        if (pieces.words.empty() || any(16) == 0) {
            mutate_bytes(line, {0, line.size()});
        } else if (any(3) != 0) {
            word(line, any_word(line, pieces.words));
        } else if (any(2) == 0 && !pieces.members.empty()) {
            value(line, any_of(pieces.members), any_of(pieces.members));
        } else {
            value(line, any_of(pieces.values), any_of(pieces.values));
        }
        if (any(4) != 0) {
            rename(before, line);
        }
    }

    /// Every other time a long one is likelier.
    Piece any_word(const std::string &line, const std::vector<Piece> &words) {
        const std::size_t at = any(line.size());
        const auto there = std::find_if(words.begin(), words.end(), [at](const Piece &piece) {
            return piece.at <= at && at < piece.end();
        });
        return there == words.end() || any(2) == 0 ? any_of(words) : *there;
    }

    void word(std::string &line, Piece piece) {
        const std::string old = line.substr(piece.at, piece.size);
        switch (any(10)) {
        case 0:
            line.replace(piece.at, piece.size, number_near(old));
            return;
        case 1:
            line.replace(piece.at, piece.size, word_of_its_size(any_line(), old));
            return;
        case 2:
            line.replace(piece.at, piece.size, any_of(kWords));
            return;
        case 3: // shorter, by a digit, a byte or a hash
            line.erase(piece.at, std::min(piece.size, any_of(kSizes)));
            return;
        case 4: // longer
            line.insert(piece.at, old.substr(0, any_of(kSizes)));
            return;
        case 5:
            mutate_bytes(line, piece);
            return;
        case 6:
            line.replace(piece.at, piece.size, mutated_hex(old));
            return;
        default: // one character that stays of its kind
            char &c = line[piece.at + any(piece.size)];
            const auto byte = static_cast<unsigned char>(c);
            if (std::isdigit(byte) != 0 || (std::isxdigit(byte) != 0 && any(2) == 0)) {
                c = "0123456789abcdef"[any(std::isdigit(byte) != 0 && any(2) == 0 ? 10 : 16)];
            } else {
                c = "BIUDLEMNTSabcdefnulx:-"[any(22)];
            }
        }
    }

    std::string number_near(const std::string &old) {
        if (old.empty() || old.size() > 18 || any(3) == 0 ||
            old.find_first_not_of("0123456789") != std::string::npos) {
            return any_of(kNumbers);
        }
        return std::to_string(std::stoll(old) + static_cast<long long>(any(5)) - 2);
    }

    std::string word_of_its_size(const std::string &line, const std::string &old) {
        std::vector<Piece> words = Pieces(line).words;
        if (any(4) != 0) {
            std::erase_if(words, [&](const Piece &piece) { return piece.size != old.size(); });
        }
        if (words.empty()) {
            return old;
        }
        const Piece piece = any_of(words);
        return line.substr(piece.at, piece.size);
    }

    void value(std::string &line, Piece piece, Piece other) {
        const std::string copy = line.substr(piece.at, piece.size);
        const bool comma = piece.end() < line.size() && line[piece.end()] == ',';
        switch (any(4)) {
        case 0:
            line.erase(piece.at, piece.size + (comma ? 1 : 0));
            if (!comma && piece.at > 0 && line[piece.at - 1] == ',') {
                line.erase(piece.at - 1, 1);
            }
            return;
        case 1:
            line.insert(piece.at, copy + ",");
            return;
        case 2:
            line.replace(piece.at, piece.size, any_of(kValues));
            return;
        default: // in the place of another
            line.replace(other.at, other.size, copy);
        }
    }

    static std::string mutated(std::string bytes) {
        const std::size_t size = bytes.size();
        bytes.resize(size + 64);
        auto *const data = reinterpret_cast<unsigned char *>(bytes.data());
        bytes.resize(LLVMFuzzerMutate(data, size, bytes.size()));
        return bytes;
    }

    static void mutate_bytes(std::string &line, Piece piece) {
        line.replace(piece.at, piece.size, mutated(line.substr(piece.at, piece.size)));
    }

    /// Other digits for other bytes: images and keys have a form of their own.
    static std::string mutated_hex(const std::string &digits) {
        std::string bytes;
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
            unsigned byte = 0;
            const char *const end = digits.data() + i + 2;
            if (std::from_chars(end - 2, end, byte, 16).ptr != end) {
                return digits;
            }
            bytes += static_cast<char>(byte);
        }
        return hex(bytes_of(mutated(bytes)));
    }

    static std::string hex(std::span<const std::byte> bytes) {
        std::string digits;
        for (const std::byte byte : bytes) {
            digits += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
            digits += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
        }
        return digits;
    }

    /// What events name by its hash they name by its new one: they are read with what was changed.
    void rename(const std::string &before, const std::string &after) {
        const auto from = name_of(before);
        const auto to = from ? name_of(after) : std::nullopt;
        if (!to) {
            return;
        }
        for (std::string &line : lines_) {
            std::size_t at = 0;
            while ((at = line.find(*from, at)) != std::string::npos) {
                line.replace(at, from->size(), *to);
                at += to->size();
            }
        }
    }

    static std::optional<std::string> name_of(std::string line) {
        const bool descriptor = line.find("\"descriptor\"") < 8;
        JsonLine read;
        if ((!descriptor && line.find("\"context\"") >= 8) || !read.parse(line)) {
            return std::nullopt;
        }
        try {
            return hex(descriptor ? descriptor_hash(read_descriptor(read))
                                  : read_context(read).commitment);
        } catch (const Refutation &) {
            return std::nullopt;
        }
    }

    static constexpr std::array<std::size_t, 5> kSizes{1, 2, 2, 8, 64};
    static constexpr std::array kNumbers{
        "0",          "1",          "-1",         "-0",
        "1.0",        "1e1",        "01",         "9007199254740991",
        "4294967294", "4294967295", "4294967296", "9007199254740992",
        "16777215",   "16777216",   "2147483648", "9223372036854775807",
        "255",        "65535",      "65536",      "18446744073709551615"};
    static constexpr std::array kWords{
        "org",   "event", "ledger", "descriptor", "context", "transaction", "prune", "link",
        "block", "head",  "path",   "hash",       "salt",    "bytes",       "old",   "new",
        "token", "value", "redact", "bigint",     "uuid",    "text",        "null",  "custody"};
    static constexpr std::array kValues{
        "null", "true", "0", "\"\"", "{}", "[]", "[[]]", "-1", "\"\\u00e4\\ud83d\\ude00\""};

    Random random_;
    std::vector<std::string> lines_;
};

/// The first lines of one bundle and the last ones of another.
inline std::string cross(std::string_view one, std::string_view other, unsigned seed) {
    Random random(seed);
    const auto first = lines_of(one);
    const auto last = lines_of(other);
    const std::size_t kept = random() % (first.size() + 1);
    std::size_t from = random() % (last.size() + 1);
    if (kept < first.size() && random() % 4 != 0) { // where a line of the same kind is
        const auto kind = [](std::string_view line) { return line.substr(0, 12); };
        while (from < last.size() && kind(last[from]) != kind(first[kept])) {
            ++from;
        }
    }
    std::string text;
    for (std::size_t i = 0; i < kept + last.size() - from; ++i) {
        text += i < kept ? first[i] : last[from + i - kept];
        text += '\n';
    }
    return text;
}

} // namespace custody::ledger::fuzz
