#include "loader/plan/selection.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/core/error.hpp"

namespace custody::plan {
namespace {

[[noreturn]] void bad_pattern(std::string_view text, const char *seen) {
    throw Error(Exit::usage, "bad-pattern", fmt::format("malformed pattern \"{}\"", text), seen,
                "write schema.table with *, ? or [a-z]; put a name that holds one of these or a "
                "dot in double quotes");
}

// Bytes that are no UTF-8 stand for themselves, so that a SQL_ASCII name can still be matched.
std::u32string decode(std::string_view text) {
    std::u32string result;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        bool valid = length == 1 ? lead < 0x80 : i + length <= text.size();
        char32_t c = length == 1 ? lead : lead & (0xffU >> (length + 1));
        for (std::size_t k = 1; valid && k < length; ++k) {
            const auto byte = static_cast<unsigned char>(text[i + k]);
            valid = (byte & 0xc0U) == 0x80;
            c = (c << 6U) | (byte & 0x3fU);
        }
        result += valid ? c : static_cast<char32_t>(0x110000 + lead);
        i += valid ? length : 1;
    }
    return result;
}

std::string encode(const std::u32string &text) {
    std::string result;
    for (const char32_t c : text) {
        if (c >= 0x110000) {
            result += static_cast<char>(c - 0x110000);
        } else if (c < 0x80) {
            result += static_cast<char>(c);
        } else {
            const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
            result += static_cast<char>((0xff00U >> (static_cast<unsigned>(more) + 1)) |
                                        (c >> (6U * more)));
            for (int k = more - 1; k >= 0; --k)
                result += static_cast<char>(0x80U | ((c >> (6U * k)) & 0x3fU));
        }
    }
    return result;
}

std::string literal_name(std::string_view text) {
    const auto name = NamePattern(text).literal();
    if (!name)
        bad_pattern(text, "a name is wanted here, not a pattern");
    return *name;
}

// "schema" or "schema.table", without wildcards.
std::pair<std::string, std::string> literal_path(const std::string &text) {
    const auto names = split_name(text);
    if (names.size() > 2)
        bad_pattern(text, "more than two names");
    return {literal_name(names[0]), names.size() == 2 ? literal_name(names[1]) : ""};
}

template <typename Matches> bool fits(const Lineage &relation, Matches &&matches) {
    return matches(relation.schema, relation.name) ||
           std::any_of(relation.ancestors.begin(), relation.ancestors.end(),
                       [&](const auto &a) { return matches(a.first, a.second); });
}

bool fits(const Lineage &relation, const TablePattern &pattern) {
    return fits(relation, [&](const auto &schema, const auto &name) {
        return pattern.matches(schema, name);
    });
}

} // namespace

std::vector<std::string> split_name(std::string_view text) {
    std::vector<std::string> names(1);
    bool quoted = false;
    for (const char c : text) {
        quoted = quoted != (c == '"');
        if (c == '.' && !quoted)
            names.emplace_back();
        else
            names.back() += c;
    }
    if (quoted)
        bad_pattern(text, "a double quote is not closed");
    for (const auto &name : names)
        if (name.empty())
            bad_pattern(text, "a name is empty");
    return names;
}

bool NamePattern::Token::takes(char32_t c) const {
    switch (kind) {
    case Kind::literal:
        return c == character;
    case Kind::set:
        return negated != std::any_of(ranges.begin(), ranges.end(), [c](const auto &range) {
                   return c >= range.first && c <= range.second;
               });
    default:
        return true;
    }
}

// `at` is behind the bracket; returns the position behind the closing one.
std::size_t NamePattern::parse_set(const std::u32string &text, std::size_t at,
                                   std::string_view whole) {
    Token token;
    token.kind = Token::Kind::set;
    if (at < text.size() && (text[at] == U'!' || text[at] == U'^')) {
        token.negated = true;
        ++at;
    }
    // As in a shell, a closing bracket in first place is a member.
    for (bool first = true; at < text.size() && (first || text[at] != U']'); first = false) {
        const char32_t low = text[at++];
        char32_t high = low;
        if (at + 1 < text.size() && text[at] == U'-' && text[at + 1] != U']') {
            high = text[at + 1];
            at += 2;
        }
        if (high < low)
            bad_pattern(whole, "a range in brackets runs backwards");
        token.ranges.emplace_back(low, high);
    }
    if (at >= text.size())
        bad_pattern(whole, "a bracket is not closed");
    tokens_.push_back(std::move(token));
    return at + 1;
}

NamePattern::NamePattern(std::string_view pattern) {
    const std::u32string text = decode(pattern);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        Token token;
        token.character = text[i];
        if (text[i] == U'"') {
            const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == U'"';
            if (!doubled) {
                quoted = !quoted;
                continue;
            }
            ++i;
        } else if (!quoted && text[i] == U'[') {
            i = parse_set(text, i + 1, pattern) - 1;
            continue;
        } else if (!quoted && text[i] == U'*') {
            token.kind = Token::Kind::any;
        } else if (!quoted && text[i] == U'?') {
            token.kind = Token::Kind::one;
        }
        tokens_.push_back(std::move(token));
    }
    if (quoted)
        bad_pattern(pattern, "a double quote is not closed");
    if (tokens_.empty())
        bad_pattern(pattern, "a name is empty");
}

bool NamePattern::matches(std::string_view name) const {
    const std::u32string text = decode(name);
    // Only the last * needs another try, so the work is bounded by length times length.
    std::size_t at = 0, token = 0, star = tokens_.size(), resume = 0;
    while (at < text.size()) {
        if (token < tokens_.size() && tokens_[token].kind == Token::Kind::any) {
            star = token++;
            resume = at;
        } else if (token < tokens_.size() && tokens_[token].takes(text[at])) {
            ++token;
            ++at;
        } else if (star < tokens_.size()) {
            token = star + 1;
            at = ++resume;
        } else {
            return false;
        }
    }
    while (token < tokens_.size() && tokens_[token].kind == Token::Kind::any)
        ++token;
    return token == tokens_.size();
}

std::optional<std::string> NamePattern::literal() const {
    std::u32string text;
    for (const auto &token : tokens_) {
        if (token.kind != Token::Kind::literal)
            return std::nullopt;
        text += token.character;
    }
    return encode(text);
}

TablePattern::TablePattern(const std::string &text) : text_(text) {
    const auto names = split_name(text);
    if (names.size() > 2)
        bad_pattern(text, "more than two names");
    if (names.size() == 2)
        schema_.emplace(names[0]);
    table_.emplace(names.back());
}

bool TablePattern::matches(std::string_view schema, std::string_view table) const {
    return (!schema_ || schema_->matches(schema)) && table_->matches(table);
}

Selection::Selection(const cli::Options &options) {
    const auto one_name = [](const std::string &text) {
        if (split_name(text).size() != 1)
            bad_pattern(text, "a schema is named without a dot");
        return std::pair(text, NamePattern(text));
    };
    for (const auto &text : options.schemas)
        schemas_.push_back(one_name(text));
    for (const auto &text : options.exclude_schemas)
        exclude_schemas_.push_back(one_name(text));
    for (const auto &text : options.tables)
        tables_.emplace_back(text);
    for (const auto &text : options.exclude_tables)
        exclude_tables_.emplace_back(text);
    for (const auto &[pattern, condition] : options.row_filters)
        filters_.push_back({TablePattern(pattern), condition});
    for (const auto &mapping : options.mappings) {
        const auto from = literal_path(mapping.from);
        const auto to = literal_path(mapping.to);
        if (from.second.empty() != to.second.empty())
            throw Error(Exit::usage, "bad-mapping",
                        fmt::format("cannot map \"{}\" to \"{}\"", mapping.from, mapping.to),
                        "one is a schema, the other a table",
                        "map a schema to a schema, or schema.table to schema.table");
        mappings_.push_back({mapping.from, from.first, from.second, to.first, to.second});
    }
}

bool Selection::everything() const {
    return schemas_.empty() && tables_.empty() && exclude_schemas_.empty() &&
           exclude_tables_.empty();
}

bool Selection::includes_schema(std::string_view schema) const {
    const auto matches = [schema](const auto &pattern) { return pattern.second.matches(schema); };
    if (std::any_of(exclude_schemas_.begin(), exclude_schemas_.end(), matches))
        return false;
    return std::any_of(schemas_.begin(), schemas_.end(), matches) ||
           (schemas_.empty() && tables_.empty());
}

bool Selection::includes(const Lineage &relation) const {
    // A partition may live in another schema than its parent: either names it.
    const auto in_schema = [&](const auto &patterns) {
        return std::any_of(patterns.begin(), patterns.end(), [&](const auto &pattern) {
            return fits(relation, [&](const auto &schema, const auto &) {
                return pattern.second.matches(schema);
            });
        });
    };
    const auto in_tables = [&](const auto &patterns) {
        return std::any_of(patterns.begin(), patterns.end(),
                           [&](const auto &pattern) { return fits(relation, pattern); });
    };
    if (in_schema(exclude_schemas_) || in_tables(exclude_tables_))
        return false;
    return (schemas_.empty() && tables_.empty()) || in_schema(schemas_) || in_tables(tables_);
}

std::string Selection::row_filter(const Lineage &relation) const {
    const Filter *found = nullptr;
    for (const auto &filter : filters_) {
        if (!fits(relation, filter.pattern))
            continue;
        if (found != nullptr)
            throw Error(
                Exit::usage, "filter-ambiguous",
                fmt::format("two row filters match table {}.{}", relation.schema, relation.name),
                fmt::format("\"{}\" and \"{}\"", found->pattern.text(), filter.pattern.text()),
                "join both conditions with AND in one filter");
        found = &filter;
    }
    return found != nullptr ? found->condition : "";
}

std::string Selection::target_schema(std::string_view schema) const {
    for (const auto &mapping : mappings_)
        if (mapping.name.empty() && mapping.schema == schema)
            return mapping.to_schema;
    return std::string(schema);
}

std::pair<std::string, std::string> Selection::target(std::string_view schema,
                                                      std::string_view name) const {
    for (const auto &mapping : mappings_)
        if (!mapping.name.empty() && mapping.schema == schema && mapping.name == name)
            return {mapping.to_schema, mapping.to_name};
    return {target_schema(schema), std::string(name)};
}

void Selection::require_matches(const std::vector<Lineage> &relations) const {
    const auto require = [&](const char *what, const std::string &text, auto &&matches) {
        if (!std::any_of(relations.begin(), relations.end(),
                         [&](const Lineage &relation) { return fits(relation, matches); }))
            throw Error(Exit::usage, "pattern-matches-nothing",
                        fmt::format("{} \"{}\" matches nothing in the source", what, text), "",
                        "names are case-sensitive; custody plan lists the tables");
    };
    for (const auto *patterns : {&schemas_, &exclude_schemas_})
        for (const auto &[text, pattern] : *patterns)
            require("schema pattern", text, [&pattern = pattern](const auto &schema, const auto &) {
                return pattern.matches(schema);
            });
    for (const auto *patterns : {&tables_, &exclude_tables_})
        for (const auto &pattern : *patterns)
            require("table pattern", pattern.text(), [&](const auto &schema, const auto &name) {
                return pattern.matches(schema, name);
            });
    for (const auto &filter : filters_)
        require("row filter for", filter.pattern.text(), [&](const auto &schema, const auto &name) {
            return filter.pattern.matches(schema, name);
        });
    for (const auto &mapping : mappings_)
        require("mapping of", mapping.text, [&](const auto &schema, const auto &name) {
            return schema == mapping.schema && (mapping.name.empty() || name == mapping.name);
        });
}

} // namespace custody::plan
