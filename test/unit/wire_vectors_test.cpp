// The checked-in vectors (test/vectors/make.sh), which none of this code made.
#include "common/wire_row.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

using namespace custody;
using namespace custody::wire;

namespace {

using Bytes = std::vector<std::byte>;

struct Vector {
    std::string name;
    Form form;
    std::vector<TypeRule> rules;
    std::vector<std::uint16_t> key;
    Bytes sent;
    Bytes row;
    std::string hash;
    std::string key_hash;
};

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(
            static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

std::vector<std::string> split(const std::string &text, char delimiter) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, delimiter);) {
        parts.push_back(part);
    }
    return parts;
}

/// "array(composite(raw,float4))" as TypeRule::to_text() writes it.
TypeRule parse_rule(std::string_view &text) {
    static const std::pair<std::string_view, Kind> kNames[] = {{"raw", Kind::raw},
                                                               {"float4", Kind::float4},
                                                               {"float8", Kind::float8},
                                                               {"array", Kind::array},
                                                               {"composite", Kind::composite},
                                                               {"range", Kind::range},
                                                               {"multirange", Kind::multirange}};
    const std::string_view name = text.substr(0, text.find_first_of("(),"));
    TypeRule rule;
    for (const auto &[known, kind] : kNames) {
        if (known == name) {
            rule.kind = kind;
        }
    }
    text.remove_prefix(name.size());
    if (text.empty() || text.front() != '(') {
        return rule;
    }
    while (text.front() != ')') {
        text.remove_prefix(1);
        if (text.front() != ')') {
            rule.children.push_back(parse_rule(text));
        }
    }
    text.remove_prefix(1);
    return rule;
}

std::vector<TypeRule> parse_rules(const std::string &text) {
    std::vector<TypeRule> rules;
    for (const std::string &one : split(text, ' ')) {
        std::string_view rest = one;
        rules.push_back(parse_rule(rest));
        EXPECT_EQ(rules.back().to_text(), one);
    }
    return rules;
}

std::vector<Vector> load() {
    std::ifstream file(CUSTODY_SOURCE_DIR "/test/vectors/vectors.tsv");
    std::vector<Vector> vectors;
    for (std::string line; std::getline(file, line);) {
        const std::vector<std::string> fields = split(line, '\t');
        EXPECT_EQ(fields.size(), 9U) << line;
        Vector vector{fields[0] + "/" + fields[1],
                      form_from_name(fields[2]),
                      parse_rules(fields[3]),
                      {},
                      from_hex(fields[5]),
                      from_hex(fields[6]),
                      fields[7],
                      fields[8]};
        for (const std::string &position : split(fields[4], ',')) {
            vector.key.push_back(static_cast<std::uint16_t>(std::stoi(position)));
        }
        vectors.push_back(std::move(vector));
    }
    EXPECT_GT(vectors.size(), 80U);
    return vectors;
}

std::string hex_of(digest::Hash128 hash) { return digest::Digest{1, hash}.hex(); }

TEST(Vectors, WireRowsHashAsXxhsumSays) {
    for (const Vector &vector : load()) {
        EXPECT_EQ(hex_of(digest::hash_bytes(vector.row)), vector.hash) << vector.name;
    }
}

TEST(Vectors, RowsOfCopyBecomeWireRows) {
    for (const Vector &vector : load()) {
        StreamHasher hasher(vector.form, vector.rules, {}, 1);
        hasher.add(vector.sent);
        EXPECT_EQ(hasher.buckets().total().hex(), vector.hash) << vector.name;
    }
}

TEST(Vectors, KeysPickTheBucket) {
    for (const Vector &vector : load()) {
        StreamHasher hasher(vector.form, vector.rules, vector.key, 65536);
        hasher.add(vector.sent);
        const std::string &hash = vector.key.empty() ? vector.hash : vector.key_hash;
        const auto bucket =
            static_cast<std::uint32_t>(std::stoul(hash.substr(hash.size() - 4), nullptr, 16));
        EXPECT_EQ(hasher.buckets().at(bucket).hex(), vector.hash) << vector.name;
    }
}

TEST(Vectors, NoTruncatedRowIsTakenForWhole) {
    for (const Vector &vector : load()) {
        // A raw row is not parsed: what ends early is another row, not an error.
        for (std::size_t length = 0; length < std::min<std::size_t>(vector.sent.size(), 2000);
             ++length) {
            StreamHasher hasher(vector.form, vector.rules, vector.key, 4);
            try {
                hasher.add(std::span(vector.sent).first(length));
            } catch (const WireError &) {
                continue;
            }
            EXPECT_NE(hasher.buckets().total().hex(), vector.hash) << vector.name << length;
        }
    }
}

} // namespace
