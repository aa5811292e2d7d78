#include "loader/repair/script.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "repair_sample.hpp"

using namespace custody;
using namespace custody::repair;

namespace {

verify::Difference difference(verify::Kind kind, const Values &source, const Values &target) {
    verify::Difference found;
    found.kind = kind;
    if (kind != verify::Kind::extra)
        found.source = verify::RowValues{{}, source};
    if (kind != verify::Kind::missing)
        found.target = verify::RowValues{{}, target};
    return found;
}

std::vector<verify::Difference> sample_differences() {
    std::vector<verify::Difference> found{
        difference(verify::Kind::missing, {"1", "a\n\\! echo"}, {}),
        difference(verify::Kind::different, {"2", "x"}, {"2", std::nullopt}),
        difference(verify::Kind::extra, {}, {"3", "it's"}),
        difference(verify::Kind::different, {"4", "y"}, {"4", "z"})};
    found[3].age = verify::Age::in_flight;
    return found;
}

std::string script(const Schema &schema, const Order &order, std::uint64_t batch_rows) {
    std::string text;
    write_script({"old:5432/shop", "new:5432/shop", "0/1", "0/2", "2026-01-01 00:00:00+00"}, schema,
                 order, batch_rows, [&](std::string_view piece) { text += piece; });
    return text;
}

} // namespace

TEST(RepairScript, Golden) {
    const auto plan = sample_plan("public", "new\nline");
    Schema schema;
    schema.tables.push_back(sample_table(plan, {sample_column("id"), sample_column("v", "text")}));
    auto order = order_of(schema, changes_of(schema, 0, sample_differences(), {}, true).changes);
    order.units.back().deferred = {"\"public\".\"late\""};
    std::ifstream file(CUSTODY_SOURCE_DIR "/test/unit/golden/repair.sql");
    std::stringstream golden;
    golden << file.rdbuf();
    auto text = script(schema, order, 2);
    text.replace(text.find(CUSTODY_VERSION), std::string_view(CUSTODY_VERSION).size(), "VERSION");
    EXPECT_EQ(text, golden.str());
}

TEST(RepairScript, ExtraRowsStayUnlessAsked) {
    const auto plan = sample_plan("public", "t");
    Schema schema;
    schema.tables.push_back(sample_table(plan, {sample_column("id"), sample_column("v", "text")}));
    const auto [changes, left] = changes_of(schema, 0, sample_differences(), {}, false);
    EXPECT_EQ(left, 1U);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].action, Action::insert);
    EXPECT_EQ(changes[1].action, Action::update);
}

TEST(RepairScript, AKeyWrittenInAnotherWayIsAnUpdate) {
    const auto plan = sample_plan("public", "t");
    Schema schema;
    schema.tables.push_back(sample_table(plan, {sample_column("id", "numeric")}));
    std::vector<verify::Difference> found{difference(verify::Kind::missing, {"1.0"}, {}),
                                          difference(verify::Kind::extra, {}, {"1.00"})};
    const auto changes = changes_of(schema, 0, found, {{0, 1}}, false).changes;
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].action, Action::update);
    EXPECT_EQ(describe(schema, changes[0]), "public.t (id)=(1.00)");
}

TEST(RepairScript, EqualRowsWithoutKeyGoAtOnce) {
    const auto plan = sample_plan("public", "t");
    Schema schema;
    schema.tables.push_back(sample_table(plan, {sample_column("v")}));
    schema.tables[0].key.clear();
    std::vector<verify::Difference> found{difference(verify::Kind::extra, {}, {"1"}),
                                          difference(verify::Kind::extra, {}, {"2"}),
                                          difference(verify::Kind::extra, {}, {"1"})};
    const auto changes = changes_of(schema, 0, found, {}, true).changes;
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].count, 2U);
    EXPECT_EQ(changes[1].count, 1U);
}

TEST(RepairScript, NothingToDo) {
    EXPECT_EQ(script({}, {}, 1000).find("BEGIN"), std::string::npos);
}
