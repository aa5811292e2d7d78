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
    std::string hash;     // XXH3-128
    std::string key_hash; // of the key's wire row
    std::string sha256;
    std::string key_sha256;

    const std::string &hash_of(digest::Profile profile) const {
        return profile == digest::Profile::fast ? hash : sha256;
    }
    const std::string &bucket_hash_of(digest::Profile profile) const {
        if (key.empty()) {
            return hash_of(profile);
        }
        return profile == digest::Profile::fast ? key_hash : key_sha256;
    }
};

constexpr digest::Profile kProfiles[] = {digest::Profile::fast, digest::Profile::sql};

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
        EXPECT_EQ(fields.size(), 11U) << line;
        Vector vector{fields[0] + "/" + fields[1] + "/" + fields[2],
                      form_from_name(fields[2]),
                      parse_rules(fields[3]),
                      {},
                      from_hex(fields[5]),
                      from_hex(fields[6]),
                      fields[7],
                      fields[8],
                      fields[9],
                      fields[10]};
        for (const std::string &position : split(fields[4], ',')) {
            vector.key.push_back(static_cast<std::uint16_t>(std::stoi(position)));
        }
        vectors.push_back(std::move(vector));
    }
    EXPECT_GT(vectors.size(), 400U);
    return vectors;
}

/// The digest of one row, in a bucket of its key.
digest::DigestValue hashed(const Vector &vector, std::span<const std::byte> sent,
                           digest::Profile profile, std::uint32_t buckets, std::uint32_t bucket) {
    StreamHasher hasher(vector.form, vector.rules, vector.key, buckets, profile);
    hasher.add(sent);
    return hasher.digests(0)[bucket];
}

TEST(Vectors, WireRowsHashAsOtherProgramsSay) {
    for (const Vector &vector : load()) {
        for (const digest::Profile profile : kProfiles) {
            digest::DigestValue value;
            value.profile = profile;
            value.add(digest::hash_row(profile, vector.row));
            EXPECT_EQ(value.sum_hex(), vector.hash_of(profile)) << vector.name;
        }
    }
}

TEST(Vectors, RowsOfCopyBecomeWireRows) {
    for (const Vector &vector : load()) {
        for (const digest::Profile profile : kProfiles) {
            const digest::DigestValue value = hashed(vector, vector.sent, profile, 1, 0);
            EXPECT_EQ(value.rows, 1U);
            EXPECT_EQ(value.sum_hex(), vector.hash_of(profile)) << vector.name;
        }
    }
}

TEST(Vectors, KeysPickTheBucket) {
    for (const Vector &vector : load()) {
        for (const digest::Profile profile : kProfiles) {
            const std::string &hash = vector.bucket_hash_of(profile);
            const auto bucket =
                static_cast<std::uint32_t>(std::stoul(hash.substr(hash.size() - 3), nullptr, 16));
            EXPECT_EQ(hashed(vector, vector.sent, profile, 4096, bucket).sum_hex(),
                      vector.hash_of(profile))
                << vector.name;
        }
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
            EXPECT_NE(hasher.buckets().total().hex(), vector.hash) << vector.name << " " << length;
        }
    }
}

} // namespace
