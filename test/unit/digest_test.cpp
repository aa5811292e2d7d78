#include "common/digest.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

using namespace custody::digest;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST(Digest, HashIsXxh3OfTheBytesHighHalfFirst) {
    // printf '' | xxhsum -H2; printf abc | xxhsum -H2
    Digest empty;
    empty.add(hash_bytes(bytes_of("")));
    EXPECT_EQ(empty.hex(), "99aa06d3014798d86001c324468d497f");
    Digest abc;
    abc.add(hash_bytes(bytes_of("abc")));
    EXPECT_EQ(abc.hex(), "06b05ab6733a618578af5f94892f3950");
}

TEST(Digest, PiecesHashLikeTheWhole) {
    const std::string text(100'000, 'x');
    PiecewiseHash pieces;
    pieces.add(bytes_of(text).first(7));
    pieces.add(bytes_of(text).subspan(7, 50'000));
    pieces.add(bytes_of(text).subspan(50'007));
    EXPECT_TRUE(pieces.value() == hash_bytes(bytes_of(text)));
}

TEST(Digest, SumWrapsAndSubtracts) {
    Digest a{1, ~Hash128{0}};
    const Digest b{2, 5};
    a += b;
    EXPECT_EQ(a.rows, 3U);
    EXPECT_TRUE(a.sum == 4);
    a -= b;
    EXPECT_EQ(a.rows, 1U);
    EXPECT_EQ(a.hex(), "ffffffffffffffffffffffffffffffff");
}

TEST(BucketSet, RowsGoToTheBucketOfTheKeyHash) {
    BucketSet set(4);
    set.add(7, 100);
    set.add(3, 1);
    set.add(4, 10);
    EXPECT_EQ(set.at(3).rows, 2U);
    EXPECT_TRUE(set.at(3).sum == 101);
    EXPECT_TRUE(set.at(0).sum == 10);
    EXPECT_EQ(set.total().rows, 3U);
    EXPECT_TRUE(set.total().sum == 111);
    BucketSet twice = set;
    twice += set;
    EXPECT_TRUE(twice.total().sum == 222);
}

TEST(BucketSet, BytesThereAndBack) {
    BucketSet set(2);
    set.add(1, (Hash128{0x0102030405060708ULL} << 64) | 0x090a0b0c0d0e0f10ULL);
    const std::vector<std::byte> bytes = set.to_bytes();
    ASSERT_EQ(bytes.size(), 48U);
    const unsigned char second[24] = {0, 0, 0, 0, 0, 0,  0,  1,  1,  2,  3,  4,
                                      5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    EXPECT_EQ(std::memcmp(bytes.data() + 24, second, 24), 0);
    EXPECT_EQ(BucketSet::from_bytes(bytes), set);
}

TEST(BucketSet, RefusesWhatDoesNotFit) {
    EXPECT_THROW(BucketSet(0), std::invalid_argument);
    EXPECT_THROW(BucketSet(3), std::invalid_argument);
    EXPECT_THROW(BucketSet(131072), std::invalid_argument);
    EXPECT_NO_THROW(BucketSet(65536));
    BucketSet two(2);
    EXPECT_THROW(two += BucketSet(4), std::invalid_argument);
    EXPECT_THROW(BucketSet::from_bytes({}), std::invalid_argument);
    EXPECT_THROW(BucketSet::from_bytes(std::vector<std::byte>(23)), std::invalid_argument);
    EXPECT_THROW(BucketSet::from_bytes(std::vector<std::byte>(72)), std::invalid_argument);
}

} // namespace
