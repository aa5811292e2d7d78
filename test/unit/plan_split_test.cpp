#include "loader/plan/split.hpp"

#include <limits>

#include <gtest/gtest.h>

using namespace custody::plan;

namespace {

// Open at both ends, no gap, no overlap, every range that is bounded holds something.
void expect_tiling(const std::vector<Part> &parts) {
    ASSERT_FALSE(parts.empty());
    EXPECT_FALSE(parts.front().lower);
    EXPECT_FALSE(parts.back().upper);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        EXPECT_EQ(parts[i].number, static_cast<int>(i) + 1);
        if (i > 0) {
            ASSERT_TRUE(parts[i].lower);
            EXPECT_EQ(parts[i].lower, parts[i - 1].upper);
        }
        if (parts[i].lower && parts[i].upper) {
            EXPECT_LT(*parts[i].lower, *parts[i].upper);
        }
    }
}

} // namespace

TEST(PlanSplit, NumberOfParts) {
    EXPECT_EQ(wanted_parts(0, 100), 1);
    EXPECT_EQ(wanted_parts(100, 100), 1);
    EXPECT_EQ(wanted_parts(101, 100), 2);
    EXPECT_EQ(wanted_parts(std::numeric_limits<std::int64_t>::max(), 1), kMaxParts);
    EXPECT_EQ(wanted_parts(1000, 0), 1);
}

TEST(PlanSplit, Blocks) {
    for (const std::int64_t blocks : {0, 1, 2, 7, 100, 12345})
        for (const int parts : {1, 2, 3, 7, 1000})
            expect_tiling(split_blocks(blocks, parts));
    EXPECT_EQ(split_blocks(0, 9).size(), 1U);
    EXPECT_EQ(split_blocks(3, 9).size(), 3U);
    const auto parts = split_blocks(100, 4);
    EXPECT_EQ(parts[1].lower, 25);
    EXPECT_EQ(parts[3].lower, 75);
}

TEST(PlanSplit, KeysOverTheWholeRange) {
    constexpr auto kLow = std::numeric_limits<std::int64_t>::min();
    constexpr auto kHigh = std::numeric_limits<std::int64_t>::max();
    const auto parts = split_keys(kLow, kHigh, 4);
    expect_tiling(parts);
    EXPECT_EQ(parts[2].lower, 0);
    EXPECT_EQ(parts[1].lower, kLow / 2);
    expect_tiling(split_keys(-10, -1, 3));
    EXPECT_EQ(split_keys(5, 5, 8).size(), 1U);
    EXPECT_EQ(split_keys(-1, 1, 8).size(), 3U);
}

TEST(PlanSplit, Buckets) {
    EXPECT_EQ(bucket_count(0, 1), 1U);
    EXPECT_EQ(bucket_count(4095, 1), 1U);
    EXPECT_EQ(bucket_count(16500, 1), 4U);
    EXPECT_EQ(bucket_count(1'000'000, 1), 128U);
    EXPECT_EQ(bucket_count(1'000'000'000, 4), 1024U);
    EXPECT_LE(bucket_count(1'000'000'000, kMaxParts) * std::size_t{24} * kMaxParts,
              std::size_t{64} << 20);
}

TEST(PlanSplit, Sizes) {
    EXPECT_EQ(split_sizes({}, 10).size(), 1U);
    EXPECT_EQ(split_sizes({5, 5}, 10).size(), 1U);
    EXPECT_EQ(split_sizes({500, 500}, 0).size(), 1U);
    const auto parts = split_sizes({4, 7, 100, 0, 1, 9, 1}, 10);
    expect_tiling(parts);
    ASSERT_EQ(parts.size(), 5U);
    EXPECT_EQ(parts[0].upper, 1); // 4
    EXPECT_EQ(parts[1].upper, 2); // 7
    EXPECT_EQ(parts[2].upper, 3); // 100
    EXPECT_EQ(parts[3].upper, 6); // 0, 1, 9
}
