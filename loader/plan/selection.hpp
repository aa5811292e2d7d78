// Which tables are moved, which of their rows, and where to: the user's patterns, compiled.
// Pure. A malformed or useless one is an Error with Exit::usage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/cli/options.hpp"

namespace custody::plan {

/// A shell pattern of one name: * ? [a-z] [!a-z]; what is in double quotes is literal, two of
/// them within are one. Case-sensitive; ? and [] take one character of UTF-8, not one byte.
class NamePattern {
  public:
    /// Throws Error "bad-pattern".
    explicit NamePattern(std::string_view text);
    bool matches(std::string_view name) const;
    /// The name itself, when the pattern has no wildcard.
    std::optional<std::string> literal() const;

  private:
    struct Token {
        enum class Kind { literal, any, one, set } kind = Kind::literal;
        char32_t character = 0;
        std::vector<std::pair<char32_t, char32_t>> ranges;
        bool negated = false;
        bool takes(char32_t c) const;
    };
    std::size_t parse_set(const std::u32string &text, std::size_t at, std::string_view whole);
    std::vector<Token> tokens_;
};

/// schema.table, or a table in any schema.
class TablePattern {
  public:
    explicit TablePattern(const std::string &text);
    bool matches(std::string_view schema, std::string_view table) const;
    const std::string &text() const { return text_; }

  private:
    std::string text_;
    std::optional<NamePattern> schema_;
    std::optional<NamePattern> table_; // always set after construction
};

/// Splits at the dots outside double quotes; the quotes stay. Throws "bad-pattern" on an open
/// quote or an empty name.
std::vector<std::string> split_name(std::string_view text);

/// A relation's name and those of the partitioned tables that it belongs to, nearest first.
/// Whatever selects, excludes or filters one of them does so to the relation.
struct Lineage {
    std::string schema, name;
    std::vector<std::pair<std::string, std::string>> ancestors;
};

class Selection {
  public:
    explicit Selection(const cli::Options &options);

    /// True when there is no pattern at all: the whole database.
    bool everything() const;
    /// Everything, when neither schemas nor tables are named; otherwise what any of their
    /// patterns matches. Exclusion wins.
    bool includes(const Lineage &relation) const;
    /// True when a schema is selected as a whole.
    bool includes_schema(std::string_view schema) const;
    /// "" = all rows. Throws "filter-ambiguous" when several filters match.
    std::string row_filter(const Lineage &relation) const;
    /// (schema, name) on the target.
    std::pair<std::string, std::string> target(std::string_view schema,
                                               std::string_view name) const;
    std::string target_schema(std::string_view schema) const;

    /// Throws "pattern-matches-nothing" naming the first pattern, filter or mapping that fits
    /// none of the relations.
    void require_matches(const std::vector<Lineage> &relations) const;

  private:
    struct Filter {
        TablePattern pattern;
        std::string condition;
    };
    struct Target {
        std::string text;         // as given
        std::string schema, name; // name empty: a whole schema
        std::string to_schema, to_name;
    };
    std::vector<std::pair<std::string, NamePattern>> schemas_, exclude_schemas_;
    std::vector<TablePattern> tables_, exclude_tables_;
    std::vector<Filter> filters_;
    std::vector<Target> mappings_;
};

} // namespace custody::plan
