#include "loader/state/verdict.hpp"

#include <gtest/gtest.h>

using custody::digest::BucketSet;
using custody::state::Evidence;
using custody::state::judge;

namespace {

BucketSet digests(unsigned hash, std::uint32_t buckets = 4) {
    BucketSet set(buckets);
    set.add(hash, hash);
    set.add(hash + 1, hash + 1);
    return set;
}

Evidence complete() {
    Evidence evidence;
    evidence.target_rows = 2;
    evidence.target_digests = digests(7);
    evidence.foreign_rows = 0;
    evidence.generated_wrong = 0;
    evidence.source_count = 2;
    return evidence;
}

std::string verdict(const Evidence &evidence, std::optional<std::int64_t> lossy_rows = 0) {
    return judge(2, digests(7), lossy_rows, evidence).verdict;
}

} // namespace

TEST(Verdict, EqualNeedsEverything) {
    EXPECT_EQ(verdict(complete()), "equal");
    EXPECT_EQ(judge(2, digests(7), 0, complete()).reason, "");
}

TEST(Verdict, WhatWasNotLookedAtProvesNothing) {
    const auto without = [](auto member) {
        auto evidence = complete();
        (evidence.*member).reset();
        return verdict(evidence);
    };
    EXPECT_EQ(without(&Evidence::target_rows), "unverified");
    EXPECT_EQ(without(&Evidence::target_digests), "unverified");
    EXPECT_EQ(without(&Evidence::foreign_rows), "unverified");
    EXPECT_EQ(without(&Evidence::generated_wrong), "unverified");
    EXPECT_EQ(without(&Evidence::source_count), "unverified");
    EXPECT_EQ(verdict(complete(), std::nullopt), "unverified");
    EXPECT_EQ(verdict(Evidence{}), "unverified");
}

TEST(Verdict, ErrorIsUnverifiedWithItsText) {
    auto evidence = complete();
    evidence.error = "permission denied for table x";
    EXPECT_EQ(verdict(evidence), "unverified");
    EXPECT_EQ(judge(2, digests(7), 0, evidence).reason, "permission denied for table x");
}

TEST(Verdict, CountTurnedOffSaysSo) {
    auto evidence = complete();
    evidence.source_count.reset();
    evidence.count_turned_off = true;
    EXPECT_EQ(verdict(evidence), "equal");
    EXPECT_TRUE(judge(2, digests(7), 0, evidence).reason.starts_with("not counted"));
}

TEST(Verdict, EveryDifferenceCounts) {
    const auto with = [](auto member, auto value) {
        auto evidence = complete();
        evidence.*member = value;
        return verdict(evidence);
    };
    EXPECT_EQ(with(&Evidence::target_rows, 3), "different");
    EXPECT_EQ(with(&Evidence::target_digests, digests(8)), "different");
    EXPECT_EQ(with(&Evidence::foreign_rows, 1), "different");
    EXPECT_EQ(with(&Evidence::generated_wrong, 1), "different");
    EXPECT_EQ(with(&Evidence::source_count, 1), "different");
    EXPECT_EQ(verdict(complete(), 1), "different");
}

TEST(Verdict, DifferenceOutweighsError) {
    auto evidence = complete();
    evidence.error = "cancelled";
    evidence.target_rows = 1;
    EXPECT_EQ(verdict(evidence), "different");
}

TEST(Verdict, AChangedSourceIsDifferentWhateverTheTargetHolds) {
    auto evidence = complete();
    evidence.source_changed = "2 rows then, 3 now";
    EXPECT_EQ(verdict(evidence), "different");
    EXPECT_EQ(judge(2, digests(7), 0, evidence).reason, "2 rows then, 3 now");
}

TEST(Verdict, OtherBucketsDoNotCompare) {
    auto evidence = complete();
    evidence.target_digests = digests(7, 8);
    EXPECT_EQ(verdict(evidence), "unverified");
}

TEST(Verdict, EmptyTableReadOnBothSidesIsEqual) {
    Evidence evidence = complete();
    evidence.target_rows = 0;
    evidence.source_count = 0;
    evidence.target_digests = BucketSet(4);
    EXPECT_EQ(judge(0, BucketSet(4), 0, evidence).verdict, "equal");
}
