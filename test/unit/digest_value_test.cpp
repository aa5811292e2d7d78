#include "common/digest_value.hpp"

#include "common/wire_row.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace custody::digest;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span<const char>(text));
}

DigestValue of(Profile profile, std::initializer_list<std::string_view> rows) {
    DigestValue value;
    value.profile = profile;
    for (const std::string_view row : rows) {
        value.add(hash_row(profile, bytes_of(row)));
    }
    return value;
}

TEST(DigestValue, HashesOfBothProfilesAsOtherProgramsPrintThem) {
    using namespace std::string_view_literals;
    // xxhsum -H2 of two zero bytes; sha256sum of "abc".
    EXPECT_EQ(of(Profile::fast, {"\0\0"sv}).sum_hex(), "4758ddac5f9ee9383325230e1f285505");
    EXPECT_EQ(of(Profile::sql, {"abc"}).sum_hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash_row(Profile::evidence, bytes_of("abc")),
              hash_row(Profile::sql, bytes_of("abc")));
}

TEST(DigestValue, BucketsAreTheLowBitsOfTheHash) {
    const RowHash fast{{1, 0xABCD, 0, 0}};
    EXPECT_EQ(bucket_of(Profile::fast, fast, 65536), 0xABCDU);
    EXPECT_EQ(bucket_of(Profile::fast, fast, 16), 0xDU);
    EXPECT_EQ(bucket_of(Profile::fast, fast, 1), 0U);
    const RowHash sql{{1, 2, 3, 0x1234}};
    EXPECT_EQ(bucket_of(Profile::sql, sql, 65536), 0x1234U);
    EXPECT_EQ(bucket_of(Profile::evidence, sql, 256), 0x34U);
}

TEST(DigestValue, FastCarriesBetweenWordsAndSqlDoesNot) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    DigestValue fast;
    fast.add(RowHash{{0, kMax, 0, 0}});
    fast.add(RowHash{{0, 2, 0, 0}});
    EXPECT_EQ(fast.sum, (std::array<std::uint64_t, 4>{1, 1, 0, 0}));
    EXPECT_EQ(fast.rows, 2U);
    DigestValue sql;
    sql.profile = Profile::sql;
    sql.add(RowHash{{0, kMax, 0, kMax}});
    sql.add(RowHash{{0, 2, 0, 3}});
    EXPECT_EQ(sql.sum, (std::array<std::uint64_t, 4>{0, 1, 0, 2}));
}

TEST(DigestValue, SumsDoNotDependOnOrderAndSubtractAgain) {
    for (const Profile profile : {Profile::fast, Profile::sql}) {
        DigestValue sum = of(profile, {"a", "b"});
        sum.plus(of(profile, {"c"}));
        EXPECT_TRUE(sum.same(of(profile, {"c", "b", "a"})));
        EXPECT_FALSE(sum.same(of(profile, {"a", "b", "b"})));
        EXPECT_FALSE(sum.same(of(profile, {"a", "b", "c", "c", "c"})));
        sum.minus(of(profile, {"a", "c"}));
        EXPECT_TRUE(sum.same(of(profile, {"b"})));
    }
}

TEST(DigestValue, SameSumOfOtherRowsIsNotTheSame) {
    DigestValue zero = of(Profile::fast, {"a"});
    zero.minus(of(Profile::fast, {"a"}));
    DigestValue one = zero;
    one.rows = 1;
    EXPECT_FALSE(one.same(zero));
}

TEST(DigestValue, EachPartOfTheDescriptionMakesDigestsUnlike) {
    const DigestValue value;
    EXPECT_TRUE(value.like(of(Profile::fast, {"a"})));
    const auto unlike = [&](auto change) {
        DigestValue other;
        change(other);
        return !value.like(other) && !other.like(value);
    };
    EXPECT_TRUE(unlike([](DigestValue &v) { v.version = 2; }));
    EXPECT_TRUE(unlike([](DigestValue &v) { v.profile = Profile::sql; }));
    EXPECT_TRUE(unlike([](DigestValue &v) { v.form = 1; }));
    EXPECT_TRUE(unlike([](DigestValue &v) { v.ad_hoc = true; }));
    EXPECT_TRUE(unlike([](DigestValue &v) { v.columns = 1; }));
}

TEST(DigestValue, TextGoesThereAndBack) {
    const std::string texts[] = {
        "1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:text:adhoc-0000000000000000:0:00000000000000000000000000000000",
        "1:sql:binary:00000000000000ff:18446744073709551615:"
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "255:evidence:text:ffffffffffffffff:7:"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };
    for (const std::string &text : texts) {
        EXPECT_EQ(DigestValue::from_text(text).to_text(), text);
    }
    const DigestValue value = DigestValue::from_text(texts[1]);
    EXPECT_TRUE(value.ad_hoc);
    EXPECT_EQ(value.form, static_cast<std::uint8_t>(custody::wire::Form::text));
}

TEST(DigestValue, OtherTextsAreRefused) {
    const char *const texts[] = {
        "",
        "1:fast:binary:9f2c51d0aa17b3e4:1000",
        "1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505:",
        " 1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505 ",
        "256:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "01:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        ":fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:FAST:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:octal:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9F2C51D0AA17B3E4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:ad-hoc-9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4:-1:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4:+1:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4:010:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4::4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4:18446744073709551616:4758ddac5f9ee9383325230e1f285505",
        "1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f28550",
        "1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f28550g",
        "1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee938-325230e1f285505",
        "1:sql:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505",
    };
    for (const char *const text : texts) {
        EXPECT_THROW(DigestValue::from_text(text), DigestError) << text;
    }
    EXPECT_THROW(profile_from_name("slow"), DigestError);
}

TEST(DigestValue, FingerprintTellsColumnListsApart) {
    const auto of_names = [](std::vector<std::string_view> names) {
        return columns_fingerprint(names);
    };
    // printf '\0\2\0\0\0\2id\0\0\0\2\303\274' | sha256sum, and of two zero bytes
    EXPECT_EQ(of_names({"id", "ü"}), 0xe76edbc5c6645729U);
    EXPECT_EQ(of_names({}), 0x96a296d224f285c6U);
    EXPECT_NE(of_names({"a", "b"}), of_names({"b", "a"}));
    EXPECT_NE(of_names({"ab"}), of_names({"a", "b"}));
}

} // namespace
