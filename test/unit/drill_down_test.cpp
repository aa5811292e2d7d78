#include "loader/verify/drill_down.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "loader/report/excerpt.hpp"
#include "loader/verify/pieces.hpp"
#include "test/unit/fake_side.hpp"

namespace custody::verify {
namespace {

FakeRow row(const std::string &id, std::optional<std::string> name = "n",
            std::optional<std::string> note = std::nullopt) {
    return {id, std::move(name), std::move(note)};
}

class DrillDownTest : public testing::Test {
  protected:
    explicit DrillDownTest(std::size_t key = 1) : fake_(key) {
        for (int id = 1; id <= 200; ++id)
            source_.table.push_back(row(std::to_string(id)));
        target_.table = source_.table;
    }

    std::vector<BucketRows> differing() {
        return differing_buckets(source_.buckets(fake_.subject), target_.buckets(fake_.subject));
    }
    TableDifferences drill(DrillDown options = {},
                           const std::function<void(Difference &&)> &each = {}) {
        return drill_down(source_, target_, fake_.subject, differing(), options, each);
    }
    void counts(const TableDifferences &found, std::uint64_t missing, std::uint64_t extra,
                std::uint64_t different) {
        EXPECT_EQ(found.missing, missing);
        EXPECT_EQ(found.extra, extra);
        EXPECT_EQ(found.different, different);
    }

    FakeTable fake_;
    FakeSide source_, target_;
};

class WithoutKeyTest : public DrillDownTest {
  protected:
    WithoutKeyTest() : DrillDownTest(0) {}
};

class CompositeKeyTest : public DrillDownTest {
  protected:
    CompositeKeyTest() : DrillDownTest(2) {}
};

TEST_F(DrillDownTest, EqualSidesShipNothing) {
    const auto found = drill();
    counts(found, 0, 0, 0);
    EXPECT_EQ(found.rows_shipped, 0U);
    EXPECT_EQ(source_.scans, 0U);
}

TEST_F(DrillDownTest, AChangedRowIsNamedToItsColumn) {
    target_.table[41] = row("42", "", std::nullopt);
    const auto found = drill();
    counts(found, 0, 0, 1);
    EXPECT_LT(found.rows_shipped, 400U / 4);
    ASSERT_EQ(found.rows.size(), 1U);
    const auto &difference = found.rows[0];
    EXPECT_EQ(difference.kind, Kind::different);
    EXPECT_EQ(difference.key, FakeRow{"42"});
    ASSERT_EQ(difference.columns.size(), 1U);
    EXPECT_EQ(difference.columns[0].column, "name");
    EXPECT_EQ(difference.columns[0].source, "n");
    EXPECT_EQ(difference.columns[0].target, "");
}

TEST_F(DrillDownTest, NullIsNotTheEmptyText) {
    target_.table[0] = row("1", "n", "");
    const auto found = drill();
    ASSERT_EQ(found.rows.size(), 1U);
    ASSERT_EQ(found.rows[0].columns.size(), 1U);
    EXPECT_EQ(found.rows[0].columns[0].column, "note");
    EXPECT_EQ(found.rows[0].columns[0].source, std::nullopt);
    EXPECT_EQ(found.rows[0].columns[0].target, "");
}

TEST_F(DrillDownTest, MissingAndExtraRowsHaveTheValuesOfTheirSide) {
    target_.table.erase(target_.table.begin());
    target_.table.push_back(row("999", "new"));
    const auto found = drill();
    counts(found, 1, 1, 0);
    ASSERT_EQ(found.rows.size(), 2U);
    EXPECT_EQ(found.rows[0].kind, Kind::missing);
    EXPECT_EQ(found.rows[0].source->values, row("1"));
    EXPECT_FALSE(found.rows[0].target);
    EXPECT_EQ(found.rows[1].kind, Kind::extra);
    EXPECT_EQ(found.rows[1].target->values, row("999", "new"));
    EXPECT_FALSE(found.rows[1].source);
}

TEST_F(DrillDownTest, ValuesSwappedBetweenRowsAreTwoDifferences) {
    source_.table[4] = row("5", "a");
    source_.table[5] = row("6", "b");
    target_.table[4] = row("5", "b");
    target_.table[5] = row("6", "a");
    counts(drill(), 0, 0, 2);
}

TEST_F(DrillDownTest, DoubledKeysAreCountedOneForOne) {
    for (int copies = 0; copies < 4; ++copies)
        target_.table.push_back(row("7"));
    counts(drill(), 0, 4, 0);
    source_.table.push_back(row("7"));
    counts(drill(), 0, 3, 0);
    target_.table.push_back(row("7", "other"));
    source_.table.push_back(row("7", "another"));
    counts(drill(), 0, 3, 1);
}

TEST_F(DrillDownTest, TheLimitBoundsValuesAndNotTheCount) {
    for (auto &values : target_.table)
        values[2] = "changed";
    const auto found = drill({10, kBatchRows});
    counts(found, 0, 0, 200);
    EXPECT_EQ(found.rows.size(), 10U);
    EXPECT_EQ(source_.values_read, 10U);
    const auto none = drill({0, kBatchRows});
    counts(none, 0, 0, 200);
    EXPECT_EQ(source_.values_read, 10U);
}

TEST_F(DrillDownTest, BatchesOfBucketsGiveTheSame) {
    for (auto &values : target_.table)
        values[2] = "changed";
    const auto found = drill({kUnlimited, 50});
    counts(found, 0, 0, 200);
    EXPECT_GT(source_.scans, 4U);
    EXPECT_LT(source_.most_wanted, 16U);
    ASSERT_EQ(found.rows.size(), 200U);
    EXPECT_EQ(found.rows[8].key, FakeRow{"9"});
    EXPECT_EQ(found.rows[9].key, FakeRow{"10"});
}

TEST_F(DrillDownTest, EachDifferenceGoesToTheCallback) {
    target_.table.clear();
    std::size_t seen = 0;
    const auto found = drill({kUnlimited, 50}, [&](Difference &&difference) {
        ++seen;
        EXPECT_TRUE(difference.source);
    });
    EXPECT_EQ(seen, 200U);
    EXPECT_TRUE(found.rows.empty());
    counts(found, 200, 0, 0);
}

TEST_F(DrillDownTest, UnlikeDigestsAreRefused) {
    const auto source = source_.buckets(fake_.subject);
    fake_.subject.profile = digest::Profile::fast;
    const auto target = target_.buckets(fake_.subject);
    EXPECT_THROW(differing_buckets(source, target), digest::DigestError);
    EXPECT_THROW(differing_buckets(source, std::span(source).first(1)), digest::DigestError);
}

TEST_F(CompositeKeyTest, AllColumnsOfTheKeyCount) {
    source_.table = {row("1", "11", "x"), row("11", "1", "y")};
    target_.table = {row("1", "11", "y"), row("11", "1", "y"), row("1", "1", "x")};
    const auto found = drill();
    counts(found, 0, 1, 1);
    ASSERT_EQ(found.rows.size(), 2U);
    EXPECT_EQ(found.rows[0].key, (FakeRow{"1", "1"}));
    EXPECT_EQ(found.rows[1].key, (FakeRow{"1", "11"}));
}

TEST_F(WithoutKeyTest, RowsAreCountedAsTheyAre) {
    for (int copies = 0; copies < 2; ++copies)
        target_.table.push_back(row("3"));
    source_.table.push_back(row("4"));
    target_.table[9] = row("10", "changed");
    const auto found = drill();
    counts(found, 2, 3, 0);
    for (const auto &difference : found.rows) {
        EXPECT_TRUE(difference.key.empty());
        EXPECT_TRUE(difference.columns.empty());
    }
}

TEST_F(DrillDownTest, LongRowsAreReadOneByOne) {
    const std::string text(3 << 20, 'x');
    for (std::size_t i = 0; i < 100; ++i) {
        source_.table[i][2] = i % 10 == 5 ? text : "short";
        target_.table[i][2] = "other";
    }
    source_.most_values = 0;
    DrillDown all;
    all.limit = 100;
    EXPECT_EQ(drill(all).rows.size(), 100U);
    EXPECT_LE(source_.most_values, 5U) << "rows of which each may take 3 MB";
}

TEST_F(DrillDownTest, AReportNeedsPiecesOnly) {
    const std::string text(kWholeValue + 1, 'x');
    target_.table[0][1] = text + "tail";
    source_.table[0][1] = text;
    auto difference = drill().rows.at(0);
    keep_pieces(difference);
    EXPECT_TRUE(difference.source->values.empty());
    EXPECT_EQ(difference.key, std::vector<std::optional<std::string>>{"1"});
    const auto &column = difference.columns.at(0);
    EXPECT_EQ(column.target, std::string(40, 'x') + "tail");
    EXPECT_EQ(column.target_piece.bytes, text.size() + 4);
    EXPECT_EQ(column.source, std::string(40, 'x'));
    EXPECT_EQ(column.source_piece.from, text.size() - 40);
}

TEST_F(WithoutKeyTest, PiecesOfAllValuesAreKept) {
    source_.table[0][1] = std::string(kWholeValue + 1, 'x');
    auto found = drill();
    for (auto &difference : found.rows)
        keep_pieces(difference);
    const auto missing = std::ranges::find(found.rows, Kind::missing, &Difference::kind);
    ASSERT_NE(missing, found.rows.end());
    EXPECT_EQ(missing->source->values.at(1)->size(), report::kExcerptBytes);
    EXPECT_EQ(missing->pieces.at(1).bytes, kWholeValue + 1);
    EXPECT_EQ(missing->pieces.at(0).bytes, missing->source->values.at(0)->size());
}

} // namespace
} // namespace custody::verify
