#include "loader/compare/sql_text.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

namespace custody::compare {
namespace {

enum class Kind { blank, word, quoted, literal, symbol };

struct Token {
    Kind kind;
    std::string_view text;
    bool is(std::string_view symbol) const { return kind != Kind::literal && text == symbol; }
};

using Tokens = std::vector<Token>;

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// Behind the closing quote; a doubled one stands for itself. `at` when none closes.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
    for (std::size_t i = at + 1; i < sql.size(); ++i) {
        if (sql[i] != sql[at])
            continue;
        if (i + 1 == sql.size() || sql[i + 1] != sql[at])
            return i + 1;
        ++i;
    }
    return at;
}

Tokens tokens_of(std::string_view sql) {
    Tokens tokens;
    for (std::size_t at = 0; at < sql.size();) {
        std::size_t end = at + 1;
        Kind kind = Kind::symbol;
        if (sql[at] == '"' || sql[at] == '\'') {
            end = end_of_quoted(sql, at);
            if (end > at)
                kind = sql[at] == '"' ? Kind::quoted : Kind::literal;
            else
                end = at + 1;
        } else if (is_word(sql[at])) {
            kind = Kind::word;
            while (end < sql.size() && is_word(sql[end]))
                ++end;
        } else if (std::isspace(static_cast<unsigned char>(sql[at])) != 0) {
            kind = Kind::blank;
            while (end < sql.size() && std::isspace(static_cast<unsigned char>(sql[end])) != 0)
                ++end;
        } else if (sql.substr(at, 2) == "::") {
            ++end;
        }
        tokens.push_back({kind, sql.substr(at, end - at)});
        at = end;
    }
    return tokens;
}

std::string unquoted(std::string_view token) {
    std::string name;
    for (std::size_t i = 1; i + 1 < token.size(); ++i) {
        name += token[i];
        if (token[i] == '"')
            ++i;
    }
    return name;
}

std::string quoted(std::string_view name) {
    std::string text = "\"";
    for (const char c : name)
        text += c == '"' ? "\"\"" : std::string(1, c);
    return text + '"';
}

std::string text_of(const Tokens &tokens, std::size_t begin, std::size_t end) {
    std::string text;
    for (std::size_t i = begin; i < end && i < tokens.size(); ++i)
        text += tokens[i].text;
    return text;
}

/// Behind the bracket that closes the one at `at`, or the end.
std::size_t behind_bracket(const Tokens &tokens, std::size_t at) {
    int depth = 0;
    for (; at < tokens.size(); ++at) {
        if (tokens[at].is("(") || tokens[at].is("["))
            ++depth;
        else if ((tokens[at].is(")") || tokens[at].is("]")) && --depth == 0)
            return at + 1;
    }
    return at;
}

bool is_at(const Tokens &tokens, std::size_t at, std::string_view symbol) {
    return at < tokens.size() && tokens[at].is(symbol);
}

/// Behind a type name, without brackets for an array: words, names, dots, (n).
std::size_t behind_type(const Tokens &tokens, std::size_t at) {
    while (at < tokens.size()) {
        const Token &token = tokens[at];
        if (token.kind == Kind::word || token.kind == Kind::quoted || token.is("."))
            ++at;
        else if (token.kind == Kind::blank && at + 1 < tokens.size() &&
                 tokens[at + 1].kind == Kind::word)
            ++at;
        else if (token.is("("))
            at = behind_bracket(tokens, at);
        else
            break;
    }
    return at;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

/// An element as it looks with a cast behind it: in parentheses.
std::string in_parentheses(const std::string &element) {
    const auto tokens = tokens_of(element);
    const bool has = is_at(tokens, 0, "(") && behind_bracket(tokens, 0) == tokens.size();
    return has ? element : "(" + element + ")";
}

/// (ARRAY[...])::type[] at `at`, as ARRAY[(...)::type, ...]; `at` moves behind it. "" = no such.
std::string distributed_cast(const Tokens &tokens, std::size_t &at) {
    if (!is_at(tokens, at, "(") || !is_at(tokens, at + 1, "ARRAY") || !is_at(tokens, at + 2, "["))
        return "";
    const std::size_t elements_end = behind_bracket(tokens, at + 2);
    if (!is_at(tokens, elements_end, ")") || !is_at(tokens, elements_end + 1, "::"))
        return "";
    const std::size_t type_end = behind_type(tokens, elements_end + 2);
    if (!is_at(tokens, type_end, "[") || !is_at(tokens, type_end + 1, "]"))
        return "";
    const std::string type = text_of(tokens, elements_end + 2, type_end);
    std::string text = "ARRAY[";
    std::size_t begin = at + 3;
    for (std::size_t i = begin; i < elements_end;) {
        if (tokens[i].is("(") || tokens[i].is("[")) {
            i = behind_bracket(tokens, i);
            continue;
        }
        if (tokens[i].is(",") || i + 1 == elements_end) {
            const std::string element = canonical(trimmed(text_of(tokens, begin, i)));
            text += (begin == at + 3 ? "" : ", ") + in_parentheses(element) + "::" + type;
            begin = i + 1;
        }
        ++i;
    }
    at = type_end + 2;
    return text + "]";
}

/// The type json, which is a keyword from 17 on, always without quotes.
std::string with_plain_json(std::string_view sql) {
    const auto tokens = tokens_of(sql);
    std::string text;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const bool alone = !is_at(tokens, i + 1, ".") && (i == 0 || !tokens[i - 1].is("."));
        text += tokens[i].is("\"json\"") && alone ? "json" : tokens[i].text;
    }
    return text;
}

/// The text without `qualifier.` outside of parentheses and of the FROM clause.
std::string without_qualifier(const Tokens &tokens, std::string_view qualifier) {
    static const std::set<std::string_view> kAfterFrom{"WHERE", "GROUP", "HAVING", "WINDOW",
                                                       "ORDER", "LIMIT", "OFFSET", "FOR",
                                                       "UNION", "FETCH", "EXCEPT", "INTERSECT"};
    std::string text;
    std::vector<bool> query_within; // per open parenthesis
    bool in_from = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Token &token = tokens[i];
        const bool outermost = std::none_of(query_within.begin(), query_within.end(),
                                            [](bool query) { return query; });
        if (token.is("(")) {
            std::size_t next = i + 1;
            while (next < tokens.size() && tokens[next].kind == Kind::blank)
                ++next;
            query_within.push_back(is_at(tokens, next, "SELECT") || is_at(tokens, next, "WITH") ||
                                   is_at(tokens, next, "VALUES"));
        } else if (token.is(")") && !query_within.empty()) {
            query_within.pop_back();
        } else if (query_within.empty() && token.kind == Kind::word) {
            in_from = token.text == "FROM" || (in_from && !kAfterFrom.contains(token.text));
        }
        const bool drop = outermost && !in_from && token.kind == Kind::quoted &&
                          token.text == qualifier && is_at(tokens, i + 1, ".") &&
                          (i == 0 || !tokens[i - 1].is("."));
        if (drop)
            ++i;
        else
            text += token.text;
    }
    return text;
}

} // namespace

std::string readable_name(std::string_view name) {
    const bool plain = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
    return plain ? std::string(name) : quoted(name);
}

std::string readable(std::string_view sql) {
    std::string text;
    for (const auto &token : tokens_of(sql)) {
        const bool name = token.kind == Kind::quoted && token.text.size() > 2;
        const bool holds_names = token.kind == Kind::literal && token.text.starts_with("'\"");
        if (name)
            text += readable_name(unquoted(token.text));
        else if (holds_names)
            text += "'" + readable(token.text.substr(1, token.text.size() - 2)) + "'";
        else
            text += token.text;
    }
    return text;
}

std::string renamed(std::string_view sql, const Renaming &renaming) {
    const auto tokens = tokens_of(sql);
    std::string text;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Token &token = tokens[i];
        const bool first = i == 0 || !tokens[i - 1].is(".");
        if (token.kind == Kind::quoted && first && is_at(tokens, i + 1, ".") &&
            i + 2 < tokens.size() && tokens[i + 2].kind == Kind::quoted) {
            const auto [schema, name] =
                renaming(unquoted(token.text), unquoted(tokens[i + 2].text));
            text += quoted(schema) + "." + quoted(name);
            i += 2;
        } else if (token.kind == Kind::literal && token.text.starts_with("'\"")) {
            text += "'" + renamed(token.text.substr(1, token.text.size() - 2), renaming) + "'";
        } else {
            text += token.text;
        }
    }
    return text;
}

std::string canonical(std::string_view sql) {
    const std::string plain = with_plain_json(sql);
    const auto tokens = tokens_of(plain);
    std::string text;
    for (std::size_t at = 0; at < tokens.size();) {
        // The parentheses around the cast array go with the cast that they stood for.
        std::size_t inner = at + 1;
        if (is_at(tokens, at, "(")) {
            const std::string array = distributed_cast(tokens, inner);
            if (!array.empty() && is_at(tokens, inner, ")")) {
                text += "(" + array + ")";
                at = inner + 1;
                continue;
            }
        }
        const std::string array = distributed_cast(tokens, at);
        if (!array.empty())
            text += array;
        else
            text += tokens[at++].text;
    }
    return text;
}

bool same_view(std::string_view older, std::string_view newer) {
    const auto tokens = tokens_of(older);
    std::set<std::string_view> qualifiers;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
        if (tokens[i].kind == Kind::quoted && tokens[i + 1].is("."))
            qualifiers.insert(tokens[i].text);
    return std::any_of(qualifiers.begin(), qualifiers.end(), [&](std::string_view qualifier) {
        return without_qualifier(tokens, qualifier) == newer;
    });
}

} // namespace custody::compare
