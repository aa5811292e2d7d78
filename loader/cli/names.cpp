#include "loader/cli/names.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/core/error.hpp"

namespace custody::cli {
namespace {

Error bad_name(std::string_view text) {
    return {Exit::usage,
            "invalid-name",
            fmt::format("invalid name: {}", text),
            {},
            "write schema.table; a name that holds a dot needs double quotes"};
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j)
        d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

} // namespace

std::vector<std::string> split_name(std::string_view text) {
    std::vector<std::string> parts(1);
    bool quoted = false;
    bool was_quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            parts.back() += '"';
            ++i;
        } else if (c == '"' && (quoted || parts.back().empty())) {
            quoted = !quoted;
            was_quoted = true;
        } else if (c == '.' && !quoted) {
            if (parts.back().empty())
                throw bad_name(text);
            parts.emplace_back();
            was_quoted = false;
        } else if (was_quoted && !quoted) {
            throw bad_name(text);
        } else {
            parts.back() += c;
        }
    }
    if (quoted || parts.back().empty())
        throw bad_name(text);
    return parts;
}

std::string plain_name(std::string_view text) {
    return fmt::format("{}", fmt::join(split_name(text), "."));
}

std::pair<std::string, std::string> split_pair(std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '=' && !quoted)
            return {std::string(text.substr(0, i)), std::string(text.substr(i + 1))};
    }
    throw Error(Exit::usage, "invalid-value", fmt::format("missing \"=\" in \"{}\"", text));
}

std::string nearest(std::string_view word, const std::vector<std::string> &candidates) {
    std::string best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto &candidate : candidates) {
        const bool shortened = word.size() > 2 && candidate.starts_with(word);
        const std::size_t edits = shortened ? 1 : distance(word, candidate);
        if (edits < least) {
            least = edits;
            best = candidate;
        }
    }
    return best;
}

} // namespace custody::cli
