#include "common/wire_row.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

using namespace custody;
using namespace custody::wire;

namespace {

using Bytes = std::vector<std::byte>;

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    std::string digits;
    for (const char c : hex) {
        if (c == ' ') {
            continue;
        }
        digits += c;
        if (digits.size() == 2) {
            bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return bytes;
}

Bytes line(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

TypeRule raw() { return {}; }
TypeRule rule(TypeRule::Kind kind, std::vector<TypeRule> children = {}) {
    return {kind, std::move(children)};
}

Bytes normalised(const TypeRule &type, std::string_view hex) {
    Bytes value = from_hex(hex);
    normalise(type, value);
    return value;
}

/// The digest of one row, which is its hash.
digest::Digest hashed(Form form, std::vector<TypeRule> columns, const Bytes &row) {
    const std::vector<std::uint16_t> no_key;
    StreamHasher hasher(form, std::move(columns), no_key, 1);
    hasher.add(row);
    return hasher.buckets().total();
}

digest::Digest digest_of(const Bytes &wire_row) { return {1, digest::hash_bytes(wire_row)}; }

digest::Digest text_row(std::size_t columns, std::string_view text) {
    return hashed(Form::text, std::vector<TypeRule>(columns), line(text));
}

TEST(TypeRule, RangeOverRawIsRawAndArraysNeverAre) {
    EXPECT_TRUE(raw().is_raw());
    EXPECT_TRUE(rule(Kind::range, {raw()}).is_raw());
    EXPECT_FALSE(rule(Kind::range, {rule(Kind::float8)}).is_raw());
    EXPECT_FALSE(rule(Kind::array, {raw()}).is_raw());
    EXPECT_FALSE(rule(Kind::composite).is_raw());
    EXPECT_EQ(rule(Kind::composite, {raw(), rule(Kind::array, {rule(Kind::float4)})}).to_text(),
              "composite(raw,array(float4))");
    EXPECT_EQ(rule(Kind::composite).to_text(), "composite()");
}

TEST(Normalise, NanIsCanonicalAndMinusZeroStays) {
    EXPECT_EQ(normalised(rule(Kind::float8), "fff8000000000001"), from_hex("7ff8000000000000"));
    EXPECT_EQ(normalised(rule(Kind::float8), "8000000000000000"), from_hex("8000000000000000"));
    EXPECT_EQ(normalised(rule(Kind::float8), "fff0000000000000"), from_hex("fff0000000000000"));
    EXPECT_EQ(normalised(rule(Kind::float4), "ffc00000"), from_hex("7fc00000"));
    EXPECT_EQ(normalised(rule(Kind::float4), "7f800000"), from_hex("7f800000"));
}

TEST(Normalise, StaleArrayFlagIsClearedAndTypeOidZeroed) {
    const TypeRule array = rule(Kind::array, {raw()});
    EXPECT_EQ(normalised(array, "00000001 00000001 00000017 00000001 00000002 00000004 00000007"),
              from_hex("00000001 00000000 00000000 00000001 00000002 00000004 00000007"));
    EXPECT_EQ(normalised(array, "00000001 00000000 00000017 00000001 00000001 ffffffff"),
              from_hex("00000001 00000001 00000000 00000001 00000001 ffffffff"));
    EXPECT_EQ(normalised(array, "00000000 00000000 00000017"),
              from_hex("00000000 00000000 00000000"));
}

TEST(Normalise, CompositeAndRangesAreWalked) {
    const TypeRule composite = rule(Kind::composite, {raw(), rule(Kind::float4)});
    EXPECT_EQ(normalised(composite, "00000002 00004321 ffffffff 000002bc 00000004 ffc00001"),
              from_hex("00000002 00000000 ffffffff 00000000 00000004 7fc00000"));
    const TypeRule range = rule(Kind::range, {rule(Kind::float8)});
    EXPECT_EQ(normalised(range, "12 00000008 fff8000000000000"),
              from_hex("12 00000008 7ff8000000000000"));
    EXPECT_EQ(normalised(range, "01"), from_hex("01"));
    const TypeRule multirange = rule(Kind::multirange, {rule(Kind::float8)});
    EXPECT_EQ(normalised(multirange, "00000001 0000000d 12 00000008 fff8000000000000"),
              from_hex("00000001 0000000d 12 00000008 7ff8000000000000"));
}

TEST(Normalise, EveryTruncationIsRefused) {
    const TypeRule type = rule(Kind::composite, {rule(Kind::array, {rule(Kind::float8)}),
                                                 rule(Kind::multirange, {rule(Kind::float4)})});
    const Bytes good = from_hex("00000002 00004321 00000020 00000001 00000000 000002bd 00000001 "
                                "00000001 00000008 fff8000000000000"
                                "00001111 00000011 00000001 00000009 12 00000004 ffc00000");
    EXPECT_NO_THROW({
        Bytes copy = good;
        normalise(type, copy);
    });
    EXPECT_THROW(
        {
            Bytes longer = good;
            longer.push_back(std::byte{0});
            normalise(type, longer);
        },
        WireError);
    for (std::size_t length = 0; length < good.size(); ++length) {
        Bytes part(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_THROW(normalise(type, part), WireError) << length;
    }
}

TEST(Normalise, AnyChangedByteStaysInBounds) {
    const TypeRule type = rule(Kind::composite, {rule(Kind::array, {rule(Kind::float8)}),
                                                 rule(Kind::range, {rule(Kind::float4)})});
    const Bytes good = from_hex("00000002 00004321 00000020 00000001 00000000 000002bd 00000001 "
                                "00000001 00000008 fff8000000000000"
                                "00001111 00000009 12 00000004 ffc00000");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            Bytes changed = good;
            changed[at] = static_cast<std::byte>(value);
            try {
                normalise(type, changed);
            } catch (const WireError &) {
            }
        }
    }
}

TEST(StreamHasher, RawRowIsHashedAsItIs) {
    const Bytes row = from_hex("0002 00000004 00000007 ffffffff");
    EXPECT_EQ(hashed(Form::binary, {raw(), raw()}, row), digest_of(row));
}

TEST(StreamHasher, TupleIsNormalisedWithoutTouchingIt) {
    const Bytes row = from_hex("0002 00000004 00000007 00000008 fff8000000000000");
    const Bytes before = row;
    EXPECT_EQ(hashed(Form::binary, {raw(), rule(Kind::float8)}, row),
              digest_of(from_hex("0002 00000004 00000007 00000008 7ff8000000000000")));
    EXPECT_EQ(row, before);
}

TEST(StreamHasher, BucketComesFromTheKeyColumnsInRowOrder) {
    const Bytes row = from_hex("0003 00000001 61 00000001 62 00000001 63");
    const Bytes key = from_hex("0002 00000001 61 00000001 63");
    StreamHasher hasher(Form::binary, std::vector<TypeRule>(3), {2, 0}, 1024);
    hasher.add(row);
    const auto bucket = static_cast<std::uint32_t>(digest::hash_bytes(key)) & 1023U;
    EXPECT_EQ(hasher.buckets().at(bucket), digest_of(row));
    StreamHasher text(Form::text, std::vector<TypeRule>(3), {2, 0}, 1024);
    text.add(line("a\tb\tc"));
    EXPECT_EQ(text.buckets(), hasher.buckets());
}

TEST(StreamHasher, RefusesMalformedRows) {
    const auto add = [](std::vector<TypeRule> columns, std::string_view hex) {
        (void)hashed(Form::binary, std::move(columns), from_hex(hex));
    };
    EXPECT_THROW(add({raw()}, ""), WireError);
    EXPECT_THROW(add({raw()}, "0002 ffffffff ffffffff"), WireError);
    EXPECT_THROW(add({raw()}, "ffff"), WireError);
    EXPECT_THROW(add({rule(Kind::float8)}, "0001 00000008 00000000000000"), WireError);
    EXPECT_THROW(add({rule(Kind::float8)}, "0001 fffffffe"), WireError);
    EXPECT_THROW(add({rule(Kind::float8)}, "0001 ffffffff 00"), WireError);
    EXPECT_THROW(StreamHasher(Form::binary, {raw()}, {1}, 2), WireError);
    EXPECT_THROW(StreamHasher(Form::binary, {raw()}, {0, 0}, 2), WireError);
    EXPECT_THROW(StreamHasher(Form::binary, {rule(Kind::array)}, {}, 2), WireError);
}

TEST(StreamHasher, TextIsUnescapedAsTheServerDoes) {
    EXPECT_EQ(text_row(2, "\\N\t"), digest_of(from_hex("0002 ffffffff 00000000")));
    EXPECT_EQ(text_row(1, "\\b\\f\\n\\r\\t\\v\\\\"),
              digest_of(from_hex("0001 00000007 080c0a0d090b5c")));
    EXPECT_EQ(text_row(1, "\\101\\7\\18\\x41\\x4g\\xg\\q"),
              digest_of(from_hex("0001 0000000a 41 07 01 38 41 04 67 78 67 71")));
    EXPECT_EQ(text_row(1, "a\\\tb"), digest_of(from_hex("0001 00000003 610962")));
    EXPECT_EQ(text_row(1, "a\\"), digest_of(from_hex("0001 00000001 61")));
    EXPECT_EQ(text_row(1, "\\N\\"), digest_of(from_hex("0001 ffffffff")));
    EXPECT_EQ(text_row(1, "\\Nx"), digest_of(from_hex("0001 00000002 4e78")));
    EXPECT_EQ(text_row(1, "\\400"), digest_of(from_hex("0001 00000001 00")));
    EXPECT_EQ(text_row(0, ""), digest_of(from_hex("0000")));
    EXPECT_EQ(text_row(1, ""), digest_of(from_hex("0001 00000000")));
}

TEST(StreamHasher, TextWithAnotherNumberOfFieldsIsRefused) {
    EXPECT_THROW(text_row(2, "a"), WireError);
    EXPECT_THROW(text_row(1, "a\tb"), WireError);
    EXPECT_THROW(text_row(1, "a\t"), WireError);
    EXPECT_THROW(text_row(0, "a"), WireError);
}

TEST(StreamHasher, LargeRowsHashLikeSmallOnes) {
    // Two escapes per field lie across the pieces in which large rows are read.
    std::string text = "k\t";
    Bytes wire = from_hex("0002 00000001 6b");
    Bytes value;
    for (int i = 0; i < 200'000; ++i) {
        text += i % 3 == 0 ? "\\n" : (i % 3 == 1 ? "\\x4" : "z");
        value.push_back(static_cast<std::byte>(i % 3 == 0 ? '\n' : (i % 3 == 1 ? 4 : 'z')));
    }
    const auto size = static_cast<std::uint32_t>(value.size());
    for (int shift = 24; shift >= 0; shift -= 8) {
        wire.push_back(static_cast<std::byte>(size >> shift));
    }
    wire.insert(wire.end(), value.begin(), value.end());
    EXPECT_EQ(text_row(2, text), digest_of(wire));

    Bytes tuple(400'000);
    const Bytes head = from_hex("0002 00000008 fff8000000000000 00061a70");
    std::copy(head.begin(), head.end(), tuple.begin());
    tuple.resize(head.size() + 0x61a70);
    Bytes expected = tuple;
    const Bytes nan = from_hex("7ff8");
    std::copy(nan.begin(), nan.end(), expected.begin() + 6);
    EXPECT_EQ(hashed(Form::binary, {rule(Kind::float8), raw()}, tuple), digest_of(expected));
    tuple.pop_back();
    EXPECT_THROW(hashed(Form::binary, {rule(Kind::float8), raw()}, tuple), WireError);
}

TEST(StreamHasher, SqlProfileCountsInLanes) {
    const Bytes first = from_hex("0002 00000001 61 00000001 62");
    const Bytes second = from_hex("0002 00000001 63 ffffffff");
    const Bytes key = from_hex("0001 00000001 61");
    StreamHasher hasher(Form::binary, std::vector<TypeRule>(2), {0}, 64, digest::Profile::sql);
    hasher.add(first);
    hasher.add(second);
    const std::vector<digest::DigestValue> digests = hasher.digests(7);
    ASSERT_EQ(digests.size(), 64U);
    digest::DigestValue expected = digests.front();
    expected.rows = 0;
    expected.sum = {};
    const digest::DigestValue empty = expected;
    expected.add(digest::hash_row(digest::Profile::sql, first));
    const std::uint32_t bucket =
        digest::bucket_of(digest::Profile::sql, digest::hash_row(digest::Profile::sql, key), 64);
    EXPECT_TRUE(digests[bucket].same(expected));
    digest::DigestValue total = empty;
    for (const digest::DigestValue &digest : digests) {
        EXPECT_EQ(digest.to_text().substr(0, 30), "1:sql:binary:0000000000000007:");
        total.plus(digest);
    }
    expected.add(digest::hash_row(digest::Profile::sql, second));
    EXPECT_TRUE(total.same(expected));
    EXPECT_EQ(hasher.buckets().total().rows, 0U);
}

TEST(StreamHasher, DigestsOfTheFastProfileAreItsBuckets) {
    StreamHasher hasher(Form::text, std::vector<TypeRule>(1), {}, 16);
    hasher.add(line("a"));
    hasher.add(line("b"));
    const std::vector<digest::DigestValue> digests = hasher.digests(0xAB);
    ASSERT_EQ(digests.size(), 16U);
    for (std::uint32_t bucket = 0; bucket < 16; ++bucket) {
        EXPECT_EQ(digests[bucket].rows, hasher.buckets().at(bucket).rows);
        EXPECT_EQ(digests[bucket].sum_hex(), hasher.buckets().at(bucket).hex());
        EXPECT_EQ(digests[bucket].to_text().substr(0, 29), "1:fast:text:00000000000000ab:");
    }
}

TEST(StreamHasher, LargeRowsHashLikeSmallOnesInTheSqlProfile) {
    std::string text(300'000, 'x');
    Bytes tuple = from_hex("0001 000493e0");
    const Bytes value = line(text);
    tuple.insert(tuple.end(), value.begin(), value.end());
    digest::DigestValue expected;
    expected.profile = digest::Profile::sql;
    expected.add(digest::hash_row(digest::Profile::sql, tuple));
    for (const Form form : {Form::binary, Form::text}) {
        StreamHasher hasher(form, {raw()}, {0}, 4, digest::Profile::sql);
        hasher.add(form == Form::binary ? tuple : value);
        digest::DigestValue total = hasher.digests(0)[0];
        for (std::size_t bucket = 1; bucket < 4; ++bucket) {
            total.plus(hasher.digests(0)[bucket]);
        }
        EXPECT_TRUE(total.same(expected));
    }
}

TEST(StreamHasher, EvidenceDoesNotAddUpFromAStream) {
    EXPECT_THROW(StreamHasher(Form::binary, {}, {}, 1, digest::Profile::evidence), WireError);
}

} // namespace
