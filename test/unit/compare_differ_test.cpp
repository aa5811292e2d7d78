#include <gtest/gtest.h>

#include "loader/compare/differ.hpp"
#include "loader/compare/normalise.hpp"
#include "loader/compare/render.hpp"
#include "loader/compare/scope.hpp"
#include "loader/core/error.hpp"
#include "loader/core/json.hpp"

namespace custody::compare {
namespace {

const std::vector<std::string> kKinds{"schema", "table",   "view", "sequence",
                                      "column", "setting", "role", "constraint"};

struct Pair {
    Catalog source, target;
    Pair() { source.version = target.version = 150000; }
};

Object &put(Catalog &catalog, const std::string &kind, const Name &name,
            std::map<std::string, Value> properties) {
    Object object;
    object.name = name;
    object.properties = std::move(properties);
    return catalog.objects[kind][name] = std::move(object);
}

Comparison compared(Pair pair, const std::vector<std::string> &patterns = {}) {
    IgnoreList ignore(patterns, kKinds);
    normalise(pair.source, pair.target);
    return differences(std::move(pair.source), std::move(pair.target), kKinds, ignore);
}

const Name kCalls{"app", "calls", "", ""};
const Name kNote{"app", "calls", "note", ""};

TEST(CompareDiffer, SameIsEqual) {
    Pair pair;
    for (auto *catalog : {&pair.source, &pair.target})
        put(*catalog, "table", kCalls, {{"owner", "a"}, {"comment", std::nullopt}});
    const auto result = compared(pair);
    EXPECT_STREQ(result.verdict(), "equal");
    EXPECT_EQ(result.classes.at("table").compared, 1);
}

TEST(CompareDiffer, AbsentAndNullAreTheSame) {
    Pair pair;
    put(pair.source, "table", kCalls, {{"comment", std::nullopt}});
    put(pair.target, "table", kCalls, {});
    EXPECT_STREQ(compared(pair).verdict(), "equal");
    put(pair.target, "table", kCalls, {{"comment", ""}});
    const auto result = compared(pair);
    ASSERT_EQ(result.differences.size(), 1U);
    EXPECT_EQ(result.differences[0].properties[0].source, std::nullopt);
    EXPECT_EQ(result.differences[0].properties[0].target, "");
}

TEST(CompareDiffer, PartsGoWithTheirTable) {
    Pair pair;
    put(pair.source, "table", kCalls, {});
    put(pair.source, "column", kNote, {{"type", "text"}});
    const auto result = compared(pair);
    ASSERT_EQ(result.differences.size(), 1U);
    EXPECT_EQ(result.differences[0].change, Change::missing);
    EXPECT_EQ(parts_text(result.differences[0]), "with 1 column");
    EXPECT_EQ(result.classes.count("column"), 0U);
}

TEST(CompareDiffer, WhatCouldNotBeReadIsNeverEqual) {
    Pair pair;
    put(pair.source, "table", kCalls, {});
    pair.target.failed.insert("table");
    pair.target.unread.push_back({"table", "target", "permission denied"});
    const auto result = compared(pair);
    EXPECT_TRUE(result.differences.empty()) << "nothing is known of the target's tables";
    EXPECT_STREQ(result.verdict(), "unverified");
}

TEST(CompareDiffer, IgnoredIsCountedAndKept) {
    Pair pair;
    put(pair.source, "table", kCalls, {{"owner", "a"}, {"comment", "x"}});
    put(pair.target, "table", kCalls, {{"owner", "b"}, {"comment", "y"}});
    auto result = compared(pair, {"table:app.*:owner", "view"});
    EXPECT_STREQ(result.verdict(), "different") << "the comment still counts";
    ASSERT_EQ(result.differences[0].properties.size(), 2U);
    EXPECT_EQ(result.differences[0].properties[1].ignored, "table:app.*:owner");
    result = compared(pair, {"*:app.calls"});
    EXPECT_STREQ(result.verdict(), "equal");
    EXPECT_EQ(result.classes.at("table").ignored, 1);
    EXPECT_EQ(result.differences.size(), 1U);
}

TEST(CompareDiffer, APropertyPatternIgnoresNoMissingObject) {
    Pair pair;
    put(pair.source, "table", kCalls, {{"owner", "a"}});
    EXPECT_STREQ(compared(pair, {"table:*:owner"}).verdict(), "different");
    EXPECT_STREQ(compared(pair, {"table:app.calls"}).verdict(), "equal");
}

TEST(CompareDiffer, UnusedAndImpossiblePatterns) {
    Pair pair;
    const auto result = compared(pair, {"table:nobody"});
    EXPECT_EQ(result.ignore_patterns[0].second, 0);
    EXPECT_EQ(result.notes.size(), 1U);
    for (const char *pattern : {"tabel:x", "", ":x", "table::owner"})
        EXPECT_THROW(IgnoreList({pattern}, kKinds), Error) << pattern;
}

TEST(CompareDiffer, SecretsAreTold) {
    Pair pair;
    const Name setting{"", "", "", "app.jwt_secret in the database"};
    put(pair.source, "setting", setting, {{"value", "one"}});
    put(pair.target, "setting", setting, {{"value", "two"}});
    put(pair.source, "table", kCalls, {{"option password", "three"}});
    put(pair.target, "table", kCalls, {{"option dsn", "host=x password=four"}});
    const auto result = compared(pair);
    const auto text =
        render_json(result, kKinds) + render_text(result, kKinds, {}) + render_html(result, kKinds);
    for (const char *secret : {"one\"", "two\"", "three", "four"})
        EXPECT_EQ(text.find(secret), std::string::npos) << secret;
    EXPECT_EQ(result.differences.size(), 2U) << "but they differ";
}

TEST(CompareNormalise, PublicSchemaOfEachVersion) {
    Pair pair;
    pair.source.version = 130000;
    const Name name{"public", "", "", ""};
    auto &older = put(pair.source, "schema", name,
                      {{"owner", "postgres"}, {"grants to PUBLIC", "CREATE, USAGE"}});
    older.facts["initial"] = older.facts["first owner"] = "true";
    put(pair.target, "schema", name,
        {{"owner", "pg_database_owner"}, {"grants to PUBLIC", "USAGE"}});
    EXPECT_STREQ(compared(pair).verdict(), "equal");
    auto changed = pair;
    changed.source.objects["schema"][name].facts["initial"] = "false";
    EXPECT_STREQ(compared(changed).verdict(), "different") << "somebody granted it";
    pair.source.version = 150000;
    EXPECT_STREQ(compared(pair).verdict(), "different") << "versions do not explain it";
}

TEST(CompareNormalise, MaintainCameWithSeventeen) {
    Pair pair;
    pair.target.version = 170000;
    const std::string all = "DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE";
    put(pair.source, "table", kCalls, {{"grants to a", all}, {"grants to (owner)", "SELECT"}});
    put(pair.target, "table", kCalls,
        {{"grants to a", "DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE"},
         {"grants to (owner)", "MAINTAIN, SELECT"}});
    EXPECT_STREQ(compared(pair).verdict(), "equal");
    put(pair.target, "table", kCalls, {{"grants to a", "MAINTAIN, SELECT"}});
    EXPECT_STREQ(compared(pair).verdict(), "different") << "no GRANT ALL of before meant that";
}

TEST(CompareNormalise, NotNullConstraintsOnlyBetweenServersThatHaveThem) {
    Pair pair;
    pair.target.version = 180000;
    auto &constraint = put(pair.target, "constraint", {"app", "calls", "n", ""}, {});
    constraint.facts["type"] = "n";
    EXPECT_STREQ(compared(pair).verdict(), "equal");
    pair.source.version = 180000;
    EXPECT_STREQ(compared(pair).verdict(), "different");
}

TEST(CompareScope, MapsNamesAndDefinitions) {
    cli::Options options;
    options.mappings = {{"app", "crm"}, {"app.calls", "crm.call"}};
    const Scope scope(options);
    Pair pair;
    put(pair.source, "table", kCalls, {});
    put(pair.source, "constraint", {"app", "others", "of", ""},
        {{"definition", R"(REFERENCES "app"."calls"("id"))"}, {"comment", "on app.calls"}});
    put(pair.target, "table", {"crm", "call", "", ""}, {});
    put(pair.target, "constraint", {"crm", "others", "of", ""},
        {{"definition", R"(REFERENCES "crm"."call"("id"))"}, {"comment", "on app.calls"}});
    scope.narrow(pair.source, pair.target);
    scope.rename(pair.source.objects);
    const auto result = compared(pair);
    EXPECT_STREQ(result.verdict(), "equal") << render_text(result, kKinds, {});
}

TEST(CompareScope, SelectsOnBothSidesByTheNamesOfTheSource) {
    cli::Options options;
    options.tables = {"app.calls"};
    options.mappings = {{"app", "crm"}};
    const Scope scope(options);
    Pair pair;
    put(pair.source, "table", kCalls, {});
    put(pair.source, "table", {"app", "others", "", ""}, {});
    put(pair.target, "column", {"crm", "calls", "note", ""}, {});
    put(pair.target, "column", {"crm", "others", "note", ""}, {});
    put(pair.target, "role", {"", "", "somebody", ""}, {});
    scope.narrow(pair.source, pair.target);
    EXPECT_EQ(pair.source.objects["table"].size(), 1U);
    EXPECT_EQ(pair.target.objects["column"].size(), 1U);
    EXPECT_TRUE(pair.target.objects["role"].empty());
    options.tables = {"nothing"};
    EXPECT_THROW(Scope(options).narrow(pair.source, pair.target), Error);
}

TEST(CompareRender, LinesOfTwoTexts) {
    const std::vector<DiffLine> expected{{'.', ""},  {' ', "b"}, {'-', "c"},
                                         {'+', "C"}, {' ', "d"}, {'.', ""}};
    EXPECT_EQ(diff_lines("a\nb\nc\nd\ne", "a\nb\nC\nd\ne", 1), expected);
    const std::vector<DiffLine> none{{'-', "(none)"}, {'+', "(empty)"}};
    EXPECT_EQ(diff_lines(std::nullopt, "", 2), none);
}

TEST(CompareRender, HostileNamesStayText) {
    Pair pair;
    put(pair.source, "table", {"app", "<script>\x1b[2J", "", ""}, {});
    const auto result = compared(pair);
    EXPECT_EQ(render_html(result, kKinds).find("<script>"), std::string::npos);
    EXPECT_EQ(render_text(result, kKinds, {}).find('\x1b'), std::string::npos);
    EXPECT_EQ(parse_json(render_json(result, kKinds))["differences"].size(), 1U);
}

} // namespace
} // namespace custody::compare
