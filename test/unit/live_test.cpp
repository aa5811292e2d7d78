#include "loader/verify/live.hpp"

#include <gtest/gtest.h>

#include "test/unit/fake_side.hpp"

namespace custody::verify {
namespace {

/// What happens to the two tables before each look, in the order of the looks.
class LiveTest : public testing::Test, public Observer {
  protected:
    using Change = std::function<void()>;

    explicit LiveTest(std::size_t key = 1) : fake_(key) {
        for (int id = 1; id <= 100; ++id)
            source_.table.push_back({std::to_string(id), "n", std::nullopt});
        target_.table = source_.table;
        options_.pause = std::chrono::milliseconds(0);
    }

    Side &source() override { return source_; }
    Side &target() override { return target_; }
    Look look() override {
        return {"0/" + std::to_string(looks_), "1/" + std::to_string(looks_), "now"};
    }
    std::chrono::steady_clock::time_point taken() override { return taken_; }
    bool moved() override { return looks_ < changes_.size(); }
    void look_again() override { changes_.at(looks_++)(); }

    TableDifferences compare() {
        const auto buckets =
            differing_buckets(source_.buckets(fake_.subject), target_.buckets(fake_.subject));
        return compare_live(*this, fake_.subject, buckets, options_);
    }
    void set(FakeSide &side, int id, const std::string &name) {
        side.table.at(static_cast<std::size_t>(id - 1))[1] = name;
    }
    static void expect(const TableDifferences &found, std::uint64_t in_flight,
                       std::uint64_t persistent, std::uint64_t unsettled,
                       const std::string &verdict) {
        EXPECT_EQ(found.in_flight, in_flight);
        EXPECT_EQ(found.persistent, persistent);
        EXPECT_EQ(found.unsettled, unsettled);
        EXPECT_EQ(found.total(), persistent + unsettled);
        EXPECT_EQ(conclude(found).verdict, verdict) << conclude(found).reason;
    }

    FakeTable fake_;
    FakeSide source_, target_;
    std::vector<Change> changes_;
    std::size_t looks_ = 0;
    std::chrono::steady_clock::time_point taken_ = std::chrono::steady_clock::now();
    Live options_;
};

class LiveWithoutKeyTest : public LiveTest {
  protected:
    LiveWithoutKeyTest() : LiveTest(0) {}
};

TEST_F(LiveTest, ThePauseRunsFromTheSnapshotsOn) {
    options_.pause = std::chrono::hours(24);
    taken_ -= options_.pause;
    set(target_, 7, "behind");
    changes_ = {[&] { set(target_, 7, "n"); }};
    expect(compare(), 1, 0, 0, "equal"); // a day later, or never, if it waited from now on
}

TEST_F(LiveTest, WhatTheTargetCatchesUpWithWasInFlight) {
    set(source_, 1, "new");
    source_.table.push_back({"101", "n", std::nullopt});
    changes_ = {[&] { target_.table = source_.table; }};
    const auto found = compare();
    expect(found, 2, 0, 0, "equal");
    EXPECT_EQ(conclude(found).reason,
              "2 in flight: gone when looked at again (source 0/0, target 1/0; source 0/1, target "
              "1/1)");
    EXPECT_TRUE(found.rows.empty());
    EXPECT_EQ(found.looks.size(), 2U);
}

TEST_F(LiveTest, WhatIsTheSameAgainIsPersistent) {
    set(source_, 1, "new");
    set(target_, 2, "wrong");
    changes_ = {[&] { set(target_, 1, "new"); }};
    const auto found = compare();
    expect(found, 1, 1, 0, "different");
    ASSERT_EQ(found.rows.size(), 1U);
    EXPECT_EQ(found.rows[0].age, Age::persistent);
    EXPECT_EQ(found.rows[0].key, FakeRow{"2"});
    EXPECT_EQ(found.rows[0].columns.at(0).target, "wrong");
}

TEST_F(LiveTest, WithoutWritersADifferenceIsPersistentAtOnce) {
    set(target_, 2, "wrong");
    const auto found = compare();
    expect(found, 0, 1, 0, "different");
    EXPECT_EQ(found.looks.size(), 1U);
    EXPECT_EQ(found.rows.at(0).age, Age::persistent);
}

TEST_F(LiveTest, WhatAlwaysChangesStaysUnsettled) {
    set(source_, 1, "0");
    int number = 0;
    const auto change = [&] { set(source_, 1, std::to_string(++number)); };
    changes_.assign(5, change);
    const auto found = compare();
    expect(found, 0, 0, 1, "unverified");
    EXPECT_EQ(found.looks.size(), 4U);
    EXPECT_EQ(found.rows.at(0).age, Age::open);
    EXPECT_EQ(found.rows.at(0).columns.at(0).source, "3");
}

TEST_F(LiveTest, WhatChangedSettlesOnceItStops) {
    set(source_, 1, "0");
    changes_ = {[&] { set(source_, 1, "1"); }, [&] { set(target_, 1, "1"); }};
    expect(compare(), 1, 0, 0, "equal");
}

TEST_F(LiveTest, WhatChangedIsPersistentWhenNothingMovesAnyMore) {
    set(source_, 1, "0");
    changes_ = {[&] { set(source_, 1, "1"); }};
    const auto found = compare();
    expect(found, 0, 1, 0, "different");
    EXPECT_EQ(found.rows.at(0).columns.at(0).source, "1");
}

TEST_F(LiveTest, OtherDifferencesThatCameSinceAreNotLookedAt) {
    set(source_, 1, "new");
    changes_ = {[&] {
        set(target_, 1, "new");
        for (int id = 2; id <= 100; ++id)
            set(source_, id, "later");
    }};
    expect(compare(), 1, 0, 0, "equal");
}

// Rows come and go on the source and never reach the target: each single one is gone when it is
// looked at again, but the target has not followed.
TEST_F(LiveTest, RowsThatVanishBeforeTheyArriveProveNothing) {
    source_.table.push_back({"1000", "n", std::nullopt});
    int number = 1000;
    changes_.assign(5, [&] { source_.table.back()[0] = std::to_string(++number); });
    const auto found = compare();
    expect(found, 3, 0, 1, "unverified");
    EXPECT_EQ(found.rows.at(0).key, FakeRow{"1003"});
}

TEST_F(LiveTest, ARowThatVanishedFromBothIsNoDifference) {
    source_.table.push_back({"1000", "n", std::nullopt});
    target_.table.push_back({"1001", "n", std::nullopt});
    changes_ = {[&] {
        source_.table.pop_back();
        target_.table.pop_back();
    }};
    expect(compare(), 2, 0, 0, "equal");
}

TEST_F(LiveTest, MoreThanCanBeKeptAreNeverEqual) {
    for (int id = 1; id <= 50; ++id)
        set(source_, id, "new");
    options_.candidates = 10;
    changes_ = {[&] { target_.table = source_.table; }};
    expect(compare(), 10, 0, 40, "unverified");
}

TEST_F(LiveTest, MoreThanCanBeKeptArePersistentWhenNothingMoves) {
    for (int id = 1; id <= 50; ++id)
        set(source_, id, "new");
    options_.candidates = 10;
    expect(compare(), 0, 50, 0, "different");
}

TEST_F(LiveTest, WithoutRechecksWhatDiffersIsDifferent) {
    set(source_, 1, "new");
    options_.rechecks = 0;
    changes_ = {[&] { target_.table = source_.table; }};
    const auto found = compare();
    expect(found, 0, 0, 1, "different");
    EXPECT_EQ(found.rows.at(0).age, Age::open);
}

TEST_F(LiveTest, DigestsThatNoRowExplainsAreUnverified) {
    TableDifferences nothing;
    nothing.looks.resize(1);
    EXPECT_EQ(conclude(nothing).verdict, "unverified");
}

TEST_F(LiveWithoutKeyTest, WhatTheTargetCatchesUpWithWasInFlight) {
    set(source_, 1, "new");
    changes_ = {[&] { target_.table = source_.table; }};
    expect(compare(), 2, 0, 0, "equal");
}

TEST_F(LiveWithoutKeyTest, ARowThatTheTargetNeverGetsIsNeverEqual) {
    source_.table.push_back({"1000", "0", std::nullopt});
    int number = 0;
    changes_.assign(5, [&] { source_.table.back()[1] = std::to_string(++number); });
    expect(compare(), 3, 0, 1, "unverified");
}

TEST_F(LiveWithoutKeyTest, DoubledRowsArePersistent) {
    target_.table.push_back(target_.table[0]);
    target_.table.push_back(target_.table[0]);
    changes_ = {[&] {}};
    const auto found = compare();
    expect(found, 0, 2, 0, "different");
    EXPECT_EQ(found.extra, 2U);
}

} // namespace
} // namespace custody::verify
