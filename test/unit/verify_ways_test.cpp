#include "loader/verify/ways.hpp"

#include <gtest/gtest.h>

#include "loader/verify/comparison.hpp"
#include "loader/verify/drill_down.hpp"
#include "loader/verify/drill_table.hpp"
#include "loader/verify/reading.hpp"

namespace custody::verify {
namespace {

const Ability kAble{true, ""};
const Ability kBare{false, "has no extension custody"};

plan::Table table_of(const std::vector<std::string> &names) {
    plan::Table table;
    table.schema = table.target_schema = "app";
    table.name = table.target_name = "call";
    for (const auto &name : names) {
        plan::Column column;
        column.name = name;
        table.columns.push_back(column);
    }
    return table;
}

cli::Options asked(const std::string &method, const std::string &profile = "") {
    cli::Options options;
    options.method = method;
    options.profile = profile;
    return options;
}

std::string way(const Ways &ways) {
    return std::string(way_name(ways.source)) + "/" + std::string(way_name(ways.target)) + " " +
           std::string(digest::profile_name(ways.profile));
}

TEST(VerifyWays, AreWhatEachSideAllows) {
    const auto table = table_of({"id"});
    const auto of = [&](const cli::Options &options, const Ability &source, const Ability &target) {
        return way(ways_of(options, source, target, table, ""));
    };
    EXPECT_EQ(of(asked("auto"), kAble, kAble), "extension/extension fast");
    EXPECT_EQ(of(asked("auto"), kBare, kAble), "stream/extension fast");
    EXPECT_EQ(of(asked("auto"), kBare, kBare), "stream/stream fast");
    EXPECT_EQ(of(asked("auto", "sql"), kBare, kAble), "sql/extension sql");
    EXPECT_EQ(of(asked("sql"), kBare, kBare), "sql/sql sql");
    EXPECT_EQ(of(asked("stream"), kAble, kAble), "stream/stream fast");
    EXPECT_EQ(of(asked("stored"), {}, kAble), "stored/extension fast");
    EXPECT_EQ(of(asked("stored"), {}, kBare), "stored/stream fast");
    EXPECT_EQ(of(asked("auto", "evidence"), kAble, kAble), "extension/extension evidence");
}

TEST(VerifyWays, CastsAreBeyondTheExtension) {
    auto table = table_of({"id"});
    table.columns.front().cast = "bigint";
    const auto ways = ways_of(asked("auto"), kAble, kAble, table, "");
    EXPECT_EQ(way(ways), "stream/extension fast");
    EXPECT_NE(ways.why.find("source: a column is cast"), std::string::npos) << ways.why;
    EXPECT_NE(ways_of(asked("auto", "evidence"), kAble, kAble, table, "").impossible, "");
}

TEST(VerifyWays, EvidenceIsOfWholeTables) {
    auto table = table_of({"id"});
    EXPECT_EQ(ways_of(asked("auto", "evidence"), kAble, kAble, table, "").impossible, "");
    EXPECT_NE(ways_of(asked("auto", "evidence"), kAble, kAble, table, "id > 1").impossible, "");
    table.leaves.push_back({"app", "call_1", 1, 1});
    EXPECT_NE(ways_of(asked("auto", "evidence"), kAble, kAble, table, "").impossible, "");
}

TEST(VerifyWays, SqlCannotRewriteTheInsideOfAValue) {
    auto table = table_of({"id"});
    EXPECT_EQ(ways_of(asked("sql"), kBare, kBare, table, "").form, wire::Form::binary);
    table.columns.front().rule.kind = wire::Kind::array;
    table.columns.front().rule.children.resize(1);
    EXPECT_EQ(ways_of(asked("sql"), kBare, kBare, table, "").form, wire::Form::text);
    EXPECT_EQ(ways_of(asked("auto"), kBare, kBare, table, "").form, wire::Form::binary);
}

std::string refused(const cli::Options &options, const Ability &source, const Ability &target) {
    try {
        require_possible(options, source, target);
        return "";
    } catch (const Error &error) {
        EXPECT_EQ(error.exit(), Exit::refused);
        return error.code();
    }
}

TEST(VerifyWays, WhatCannotBeIsRefused) {
    EXPECT_EQ(refused(asked("auto"), kBare, kBare), "");
    EXPECT_EQ(refused(asked("extension"), kAble, kBare), "method-impossible");
    EXPECT_EQ(refused(asked("auto", "evidence"), kBare, kAble), "profile-impossible");
    EXPECT_EQ(refused(asked("stream", "evidence"), kAble, kAble), "profile-impossible");
    EXPECT_EQ(refused(asked("sql", "fast"), kAble, kAble), "profile-impossible");
    EXPECT_EQ(refused(asked("stored", "sql"), {}, kAble), "profile-impossible");
    auto selected = asked("stored");
    selected.row_filters["app.call"] = "id > 1";
    EXPECT_EQ(refused(selected, {}, kAble), "method-impossible");
}

TEST(VerifyReading, EachSideHasItsOwnNamesAndFilter) {
    auto table = table_of({"id", "v"});
    table.target_schema = "crm";
    table.columns[0].cast = "bigint";
    table.row_filter = "id > 5";
    Subject subject{&table, digest::Profile::fast, wire::Form::binary, 1, "v <> '' -- that is it"};
    EXPECT_EQ(copy_out(subject, Which::source),
              "COPY (SELECT \"id\"::bigint, \"v\" FROM ONLY \"app\".\"call\" WHERE (id > 5\n) AND "
              "(v <> '' -- that is it\n)) TO STDOUT (FORMAT binary)");
    EXPECT_EQ(copy_out(subject, Which::target),
              "COPY (SELECT \"id\", \"v\" FROM ONLY \"crm\".\"call\" WHERE (v <> '' -- that is "
              "it\n)) TO STDOUT (FORMAT binary)");
    table.leaves = {{"app", "call_1", 1, 1}, {"app", "call_2", 2, 2}};
    table.routed = true;
    const auto source = reading_of(subject, Which::source);
    EXPECT_EQ(source.from,
              (std::vector<std::string>{"ONLY \"app\".\"call_1\"", "ONLY \"app\".\"call_2\""}));
    EXPECT_TRUE(source.casts);
    EXPECT_EQ(reading_of(subject, Which::target).from,
              std::vector<std::string>{"\"crm\".\"call\""});
}

TEST(VerifyVerdict, OnlyEqualIsSuccess) {
    Verification verification;
    EXPECT_EQ(verification.verdict(), "unverified") << "nothing was compared";
    EXPECT_EQ(verification.exit(), Exit::unverified);
    Comparison equal = unverified("table", "a", "");
    equal.verdict = "equal";
    verification.objects = {equal};
    EXPECT_EQ(verification.exit(), Exit::ok);
    verification.objects.push_back(unverified("table", "b", "no privilege"));
    EXPECT_EQ(verification.verdict(), "unverified");
    EXPECT_EQ(verification.exit(), Exit::unverified);
    verification.objects[0].verdict = "different";
    EXPECT_EQ(verification.verdict(), "different");
    EXPECT_EQ(verification.exit(), Exit::unverified);
}

TEST(VerifyWays, ADrillDownHasBucketsForTheRowsThatThereAre) {
    Item item;
    item.table = table_of({"id"});
    item.ways = ways_of(asked("auto"), kAble, kAble, item.table, "");
    Scope scope;
    scope.source_ability = scope.target_ability = kAble;
    ASSERT_EQ(item.ways.buckets, 1U); // no row was expected
    const auto buckets = [&](std::uint64_t rows, std::uint64_t largest) {
        return drill_ways(scope, item, {rows, largest}).buckets;
    };
    EXPECT_EQ(buckets(kBatchRows, kBatchRows), 1U) << "the digests are known";
    EXPECT_EQ(buckets(1000000000, 1000000000), 1024U);
    item.ways = ways_of(asked("stream"), kAble, kAble, item.table, "");
    EXPECT_EQ(buckets(1000, 1000), 4U) << "they have to be had anyway";
    item.ways = ways_of(asked("auto", "evidence"), kAble, kAble, item.table, "");
    EXPECT_EQ(buckets(1000000000, 1000000000), 1024U);

    digest::DigestValue few, many;
    few.rows = 5;
    many.rows = 70;
    const auto sizes = sizes_of({few, few, many}, {few, many, many});
    EXPECT_EQ(sizes.rows, 145U);
    EXPECT_EQ(sizes.largest_bucket, 75U);
}

} // namespace
} // namespace custody::verify
