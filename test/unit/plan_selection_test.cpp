#include "loader/plan/selection.hpp"

#include <gtest/gtest.h>

#include "loader/core/error.hpp"

using namespace custody;
using plan::Lineage;
using plan::NamePattern;
using plan::Selection;
using plan::TablePattern;

namespace {

std::string code_of(const std::function<void()> &action) {
    try {
        action();
    } catch (const Error &error) {
        EXPECT_EQ(error.exit(), Exit::usage);
        return error.code();
    }
    return "";
}

Lineage table(const std::string &schema, const std::string &name) { return {schema, name, {}}; }

} // namespace

TEST(PlanPattern, Wildcards) {
    EXPECT_TRUE(NamePattern("log_*").matches("log_"));
    EXPECT_TRUE(NamePattern("*").matches(""));
    EXPECT_TRUE(NamePattern("a*b*c").matches("axxbyybzc"));
    EXPECT_FALSE(NamePattern("a*b*c").matches("axxcyy"));
    EXPECT_TRUE(NamePattern("t?").matches("t\xc3\xa9")); // one character of two bytes
    EXPECT_FALSE(NamePattern("t??").matches("t\xc3\xa9"));
    EXPECT_TRUE(NamePattern("p[0-9][!a]").matches("p5b"));
    EXPECT_FALSE(NamePattern("p[0-9][!a]").matches("p5a"));
    EXPECT_TRUE(NamePattern("[]x]").matches("]"));
    EXPECT_TRUE(NamePattern("[a-]").matches("-"));
}

TEST(PlanPattern, CaseAndQuotes) {
    EXPECT_FALSE(NamePattern("Users").matches("users"));
    EXPECT_TRUE(NamePattern("\"a*b\"").matches("a*b"));
    EXPECT_FALSE(NamePattern("\"a*b\"").matches("axb"));
    EXPECT_TRUE(NamePattern("\"say \"\"hi\"\"\"").matches("say \"hi\""));
    EXPECT_EQ(NamePattern("\"T.\xc3\xbc\"").literal(), "T.\xc3\xbc");
    EXPECT_EQ(NamePattern("a*").literal(), std::nullopt);
}

TEST(PlanPattern, TableInSchema) {
    EXPECT_TRUE(TablePattern("users").matches("any", "users"));
    EXPECT_TRUE(TablePattern("a?p.users").matches("app", "users"));
    EXPECT_FALSE(TablePattern("app.users").matches("other", "users"));
    EXPECT_TRUE(TablePattern("\"S.q\".\"T.t\"").matches("S.q", "T.t"));
}

TEST(PlanPattern, Malformed) {
    for (const char *text : {"", "\"open", "a..b", ".a", "a.b.c", "[a", "[z-a]", "\"\""})
        EXPECT_EQ(code_of([&] { TablePattern pattern{std::string(text)}; }), "bad-pattern") << text;
}

TEST(PlanSelection, UnionAndExclusion) {
    cli::Options options;
    options.schemas = {"app"};
    options.tables = {"billing.invoice*"};
    options.exclude_tables = {"*_log"};
    const Selection selection(options);
    EXPECT_TRUE(selection.includes(table("app", "users")));
    EXPECT_TRUE(selection.includes(table("billing", "invoices")));
    EXPECT_FALSE(selection.includes(table("billing", "payments")));
    EXPECT_FALSE(selection.includes(table("app", "access_log")));
    EXPECT_FALSE(selection.everything());
    EXPECT_TRUE(Selection(cli::Options{}).includes(table("x", "y")));
}

TEST(PlanSelection, AParentStandsForItsPartitions) {
    cli::Options options;
    options.tables = {"app.events"};
    options.exclude_tables = {"events_2020"};
    options.row_filters = {{"app.events", "id > 5"}};
    const Selection selection(options);
    const Lineage leaf{"parts", "events_2021", {{"app", "events"}}};
    EXPECT_TRUE(selection.includes(leaf));
    EXPECT_EQ(selection.row_filter(leaf), "id > 5");
    EXPECT_FALSE(selection.includes({"app", "e1", {{"app", "events_2020"}, {"app", "events"}}}));
}

TEST(PlanSelection, Mapping) {
    cli::Options options;
    options.mappings = {{"app", "new"}, {"app.users", "auth.people"}};
    const Selection selection(options);
    EXPECT_EQ(selection.target("app", "users"),
              std::pair(std::string("auth"), std::string("people")));
    EXPECT_EQ(selection.target("app", "calls"),
              std::pair(std::string("new"), std::string("calls")));
    EXPECT_EQ(selection.target("x", "users"), std::pair(std::string("x"), std::string("users")));
    options.mappings = {{"app", "a.b"}};
    EXPECT_EQ(code_of([&] { Selection{options}; }), "bad-mapping");
    options.mappings = {{"app", "n*"}};
    EXPECT_EQ(code_of([&] { Selection{options}; }), "bad-pattern");
}

TEST(PlanSelection, UselessPatterns) {
    const std::vector<Lineage> relations{table("app", "users")};
    const auto refuse = [&](auto &&set) {
        cli::Options options;
        set(options);
        return code_of([&] { Selection(options).require_matches(relations); });
    };
    const std::string nothing = "pattern-matches-nothing";
    EXPECT_EQ(refuse([](auto &o) { o.schemas = {"App"}; }), nothing);
    EXPECT_EQ(refuse([](auto &o) { o.tables = {"app.user"}; }), nothing);
    EXPECT_EQ(refuse([](auto &o) { o.exclude_schemas = {"x*"}; }), nothing);
    EXPECT_EQ(refuse([](auto &o) { o.exclude_tables = {"x*"}; }), nothing);
    EXPECT_EQ(refuse([](auto &o) { o.row_filters = {{"app.user", "true"}}; }), nothing);
    EXPECT_EQ(refuse([](auto &o) { o.mappings = {{"x", "y"}}; }), nothing);
    EXPECT_EQ(refuse([](auto &o) { o.tables = {"app.use*"}; }), "");
}

TEST(PlanSelection, TwoFiltersForOneTable) {
    cli::Options options;
    options.row_filters = {{"app.*", "a"}, {"users", "b"}};
    const Selection selection(options);
    EXPECT_EQ(code_of([&] { (void)selection.row_filter(table("app", "users")); }),
              "filter-ambiguous");
    EXPECT_EQ(selection.row_filter(table("app", "calls")), "a");
}
