#include "loader/repair/order.hpp"

#include <gtest/gtest.h>

#include "repair_sample.hpp"

using namespace custody;
using namespace custody::repair;

namespace {

constexpr auto kNull = std::nullopt;

/// parent (id, code unique), child (id, parent id or NULL); child is table 0.
struct Sample {
    plan::Table child_plan = sample_plan("s", "child"), parent_plan = sample_plan("s", "parent");
    Schema schema;

    Sample() {
        schema.tables.push_back(
            sample_table(child_plan, {sample_column("id"), sample_column("parent")}));
        schema.tables.push_back(
            sample_table(parent_plan, {sample_column("id"), sample_column("code", "text")}));
        schema.tables[1].uniques.push_back({{1}, ""});
        schema.tables[1].columns[1].nullable = false;
        schema.tables[1].referenced = true;
        schema.foreign_keys.push_back({0, 1, {1}, {0}, ""});
    }
    Sample(const Sample &) = delete;
};

std::string text(const Values &row) {
    std::string joined;
    for (const auto &value : row)
        joined += (joined.empty() ? "" : ",") + value.value_or("-");
    return joined;
}

/// "[+s.parent 1,a | s.parent 2,b>2,c]": a unit and its changes; steps in parentheses.
std::string text(const Schema &schema, const Order &order) {
    std::string all;
    for (const auto &unit : order.units) {
        all += "[";
        for (const auto &name : unit.deferred)
            all += name + ": ";
        for (const auto &change : unit.changes) {
            const std::string line = schema.tables[change.table].plan->name + " " +
                                     text(change.before) + ">" + text(change.after);
            all += (all.back() == ']' || all.back() == '[' || all.back() == ' ' ? "" : "; ") +
                   (change.step ? "(" + line + ")" : line);
        }
        all += "]";
    }
    return all;
}

} // namespace

TEST(RepairOrder, ParentsComeFirstAndGoLast) {
    const Sample sample;
    const auto order = order_of(sample.schema, {
                                                   sample_change(0, {}, {"5", "1"}),
                                                   sample_change(1, {"9", "z"}, {}),
                                                   sample_change(1, {}, {"1", "a"}),
                                                   sample_change(0, {"8", "9"}, {}),
                                               });
    EXPECT_EQ(text(sample.schema, order), "[child 8,9>][parent 9,z>][parent >1,a][child >5,1]");
}

TEST(RepairOrder, ARowGoesOnceNothingRefersToItAnyMore) {
    const Sample sample;
    const auto order = order_of(sample.schema, {
                                                   sample_change(1, {"9", "z"}, {}),
                                                   sample_change(1, {}, {"1", "a"}),
                                                   sample_change(0, {"5", "9"}, {"5", "1"}),
                                               });
    EXPECT_EQ(text(sample.schema, order), "[parent >1,a][child 5,9>5,1][parent 9,z>]");
}

TEST(RepairOrder, AUniqueValueIsGivenUpFirst) {
    const Sample sample;
    const auto order = order_of(sample.schema, {
                                                   sample_change(1, {}, {"1", "a"}),
                                                   sample_change(1, {"2", "a"}, {"2", "b"}),
                                                   sample_change(1, {"3", "b"}, {"3", "c"}),
                                               });
    EXPECT_EQ(text(sample.schema, order), "[parent 3,b>3,c][parent 2,a>2,b][parent >1,a]");
}

TEST(RepairOrder, SwappedUniqueValues) {
    Sample sample;
    const std::vector<Change> swap{sample_change(1, {"1", "a"}, {"1", "b"}),
                                   sample_change(1, {"2", "b"}, {"2", "a"})};
    auto order = order_of(sample.schema, swap);
    EXPECT_EQ(order.units.size(), 0U);
    ASSERT_EQ(order.refused.size(), 2U);
    EXPECT_NE(order.refused[0].second.find("unique value"), std::string::npos);

    sample.schema.tables[1].columns[1].nullable = true;
    order = order_of(sample.schema, swap);
    EXPECT_EQ(text(sample.schema, order),
              "[(parent 1,a>1,-); (parent 2,b>2,-); parent 1,->1,b; parent 2,->2,a]");
    EXPECT_EQ(order.units[0].rows(), 2U);

    sample.schema.tables[1].columns[1].nullable = false;
    sample.schema.tables[1].referenced = false;
    order = order_of(sample.schema, swap);
    EXPECT_EQ(text(sample.schema, order),
              "[(parent 1,a>); (parent 2,b>); parent >1,b; parent >2,a]");

    sample.schema.tables[1].uniques[1].deferrable = "\"s\".\"u\"";
    order = order_of(sample.schema, swap);
    EXPECT_EQ(text(sample.schema, order), "[\"s\".\"u\": parent 1,a>1,b; parent 2,b>2,a]");
}

TEST(RepairOrder, AUniqueValueOfARowThatOnlyGoesAtTheEnd) {
    Sample sample;
    sample.schema.tables[1].columns[1].nullable = true;
    const auto order = order_of(sample.schema, {
                                                   sample_change(1, {"9", "a"}, {}),
                                                   sample_change(1, {}, {"1", "a"}),
                                                   sample_change(0, {"5", "9"}, {"5", "1"}),
                                               });
    EXPECT_EQ(text(sample.schema, order),
              "[(parent 9,a>9,-); parent >1,a; child 5,9>5,1; parent 9,->]");
}

TEST(RepairOrder, RowsThatReferToEachOther) {
    Sample sample;
    sample.schema.foreign_keys = {{0, 0, {1}, {0}, ""}};
    const std::vector<Change> rows{sample_change(0, {}, {"1", "2"}),
                                   sample_change(0, {}, {"2", "1"}),
                                   sample_change(0, {}, {"3", "3"})};
    auto order = order_of(sample.schema, rows);
    EXPECT_EQ(text(sample.schema, order),
              "[child >1,-; child >2,-; (child 1,->1,2); (child 2,->2,1)][child >3,3]");
    sample.schema.foreign_keys[0].deferrable = "\"s\".\"f\"";
    order = order_of(sample.schema, rows);
    EXPECT_EQ(text(sample.schema, order), "[\"s\".\"f\": child >1,2; child >2,1][child >3,3]");
    sample.schema.foreign_keys[0].deferrable = "";
    sample.schema.tables[0].columns[1].nullable = false;
    order = order_of(sample.schema, rows);
    EXPECT_EQ(order.refused.size(), 2U);
    EXPECT_EQ(text(sample.schema, order), "[child >3,3]");
}

TEST(RepairOrder, AChainAsLongAsATable) {
    Sample sample;
    sample.schema.foreign_keys = {{0, 0, {1}, {0}, ""}};
    std::vector<Change> rows;
    constexpr int kRows = 100'000;
    for (int id = 1; id <= kRows; ++id)
        rows.push_back(sample_change(
            0, {},
            {std::to_string(id), id < kRows ? std::optional(std::to_string(id + 1)) : kNull}));
    const auto order = order_of(sample.schema, std::move(rows));
    ASSERT_EQ(order.units.size(), static_cast<std::size_t>(kRows));
    EXPECT_EQ(order.units.front().changes[0].after[0], std::to_string(kRows));
    EXPECT_EQ(order.units.back().changes[0].after[0], "1");
}

TEST(RepairOrder, AnIdentityColumnThatIsAlwaysGenerated) {
    Sample sample;
    sample.schema.tables[0].columns[1].never_updated = true;
    sample.schema.foreign_keys.clear();
    auto order = order_of(sample.schema, {sample_change(0, {"1", "2"}, {"1", "3"})});
    EXPECT_EQ(text(sample.schema, order), "[(child 1,2>); child >1,3]");
    sample.schema.tables[0].referenced = true;
    order = order_of(sample.schema, {sample_change(0, {"1", "2"}, {"1", "3"})});
    EXPECT_EQ(order.refused.size(), 1U);
}
