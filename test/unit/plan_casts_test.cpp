#include "loader/plan/casts.hpp"

#include <gtest/gtest.h>

#include "loader/plan/columns.hpp"

using namespace custody;
using namespace custody::plan;

namespace {

constexpr Oid kMood = 20000, kMoods = 20001, kPair = 20002, kCitext = 20003, kPositive = 20004;

Type type(Oid oid, const std::string &name, const std::string &send,
          Type::Kind kind = Type::Kind::plain, Oid inner = 0) {
    Type t;
    t.oid = oid;
    t.schema = oid < 16384 ? "pg_catalog" : "app";
    t.name = t.formatted = name;
    t.kind = kind;
    t.send = send;
    t.receive = send.empty() ? "" : "recv";
    t.inner = inner;
    return t;
}

Types types(const std::string &citext_schema = "app", const std::string &citext_version = "1.6") {
    Types all;
    for (const auto &[oid, name] : {std::pair<Oid, const char *>{21, "int2"},
                                    {23, "int4"},
                                    {20, "int8"},
                                    {1700, "numeric"},
                                    {25, "text"},
                                    {1043, "varchar"},
                                    {1042, "bpchar"},
                                    {114, "json"},
                                    {3802, "jsonb"},
                                    {1114, "timestamp"},
                                    {1184, "timestamptz"},
                                    {2205, "regclass"},
                                    {701, "float8"}})
        all.add(type(oid, name, std::string(name) + "send"));
    all.add(type(1007, "_int4", "array_send", Type::Kind::array, 23));
    all.add(type(1016, "_int8", "array_send", Type::Kind::array, 20));
    all.add(type(1033, "aclitem", ""));
    all.add(type(kMood, "mood", "enum_send", Type::Kind::enumeration));
    all.add(type(kMoods, "_mood", "array_send", Type::Kind::array, kMood));
    Type pair = type(kPair, "pair", "record_send", Type::Kind::composite);
    pair.fields = {{"a", kMood}, {"b", 701}};
    all.add(pair);
    Type citext = type(kCitext, "citext", "citextsend");
    citext.schema = citext_schema;
    citext.extension = "citext";
    citext.extension_version = citext_version;
    all.add(citext);
    Type positive = type(kPositive, "positive", "int4send", Type::Kind::domain, 23);
    all.add(positive);
    return all;
}

Attribute attribute(Oid oid, int typmod = -1) {
    Attribute a;
    a.name = "c";
    a.type = oid;
    a.typmod = typmod;
    a.formatted = "type";
    return a;
}

int numeric_typmod(int precision, int scale) { return ((precision << 16) | (scale & 0x7ff)) + 4; }

/// "same", "lossless", "lossless CAST" or "refused".
std::string fit(Oid from, int from_typmod, Oid to, int to_typmod) {
    const Types source = types(), target = types("extensions");
    const Selection selection{cli::Options{}};
    const Fit result = TypePairs(source, target, selection)
                           .fit(attribute(from, from_typmod), attribute(to, to_typmod));
    if (result.kind == Fit::Kind::same)
        return "same";
    if (result.kind == Fit::Kind::refused)
        return "refused";
    return result.cast.empty() ? "lossless" : "lossless " + result.cast;
}

} // namespace

TEST(PlanCasts, SameTypes) {
    EXPECT_EQ(fit(23, -1, 23, -1), "same");
    EXPECT_EQ(fit(1043, 14, 1043, 14), "same");
    EXPECT_EQ(fit(kMood, -1, kMood, -1), "same");
    EXPECT_EQ(fit(kMoods, -1, kMoods, -1), "same");
    EXPECT_EQ(fit(kCitext, -1, kCitext, -1), "same"); // in another schema there
    EXPECT_EQ(fit(kPositive, -1, 23, -1), "same");
}

TEST(PlanCasts, Typmods) {
    EXPECT_EQ(fit(1043, 14, 1043, 24), "lossless");
    EXPECT_EQ(fit(1043, 24, 1043, 14), "refused");
    EXPECT_EQ(fit(1043, -1, 1043, 14), "refused");
    EXPECT_EQ(fit(1043, 14, 25, -1), "lossless");
    EXPECT_EQ(fit(1042, 7, 1042, 9), "lossless character(5)");
    EXPECT_EQ(fit(1114, 3, 1114, 6), "lossless");
    EXPECT_EQ(fit(1114, -1, 1114, 6), "lossless");
    EXPECT_EQ(fit(1114, -1, 1114, 3), "refused");
    const int n10_2 = numeric_typmod(10, 2);
    EXPECT_EQ(fit(1700, n10_2, 1700, -1), "lossless");
    EXPECT_EQ(fit(1700, n10_2, 1700, numeric_typmod(12, 2)), "lossless");
    EXPECT_EQ(fit(1700, n10_2, 1700, numeric_typmod(12, 4)), "lossless numeric(12,4)");
    EXPECT_EQ(fit(1700, n10_2, 1700, numeric_typmod(11, 4)), "refused"); // fewer digits before
    EXPECT_EQ(fit(1700, -1, 1700, n10_2), "refused");
    EXPECT_EQ(fit(23, -1, 1700, numeric_typmod(10, 0)), "lossless numeric");
    EXPECT_EQ(fit(23, -1, 1700, numeric_typmod(9, 0)), "refused");
}

TEST(PlanCasts, OtherTypes) {
    EXPECT_EQ(fit(21, -1, 20, -1), "lossless bigint");
    EXPECT_EQ(fit(20, -1, 23, -1), "refused");
    EXPECT_EQ(fit(1007, -1, 1016, -1), "lossless bigint[]");
    EXPECT_EQ(fit(1016, -1, 1007, -1), "refused");
    EXPECT_EQ(fit(114, -1, 3802, -1), "refused"); // jsonb keeps neither spaces nor duplicates
    EXPECT_EQ(fit(1114, -1, 1184, -1), "refused");
    EXPECT_EQ(fit(25, -1, kCitext, -1), "lossless");
    EXPECT_EQ(fit(kMood, -1, 25, -1), "lossless");
    EXPECT_EQ(fit(20, -1, 701, -1), "refused");
}

TEST(PlanTypes, Rules) {
    const Types all = types();
    EXPECT_EQ(all.rule(23).to_text(), "raw");
    EXPECT_EQ(all.rule(kPositive).to_text(), "raw");
    EXPECT_EQ(all.rule(kMoods).to_text(), "array(raw)");
    EXPECT_EQ(all.rule(kPair).to_text(), "composite(raw,float8)");
}

TEST(PlanTypes, TextForm) {
    const Types all = types();
    EXPECT_EQ(all.why_text(kPair), "");
    EXPECT_EQ(all.why_text(2205), "type regclass sends an OID");
    EXPECT_EQ(all.why_text(1033), "type aclitem has no send function");
    EXPECT_NE(why_text_for_version(all, kMoods, 130000), "");
    EXPECT_NE(why_text_for_version(all, kPair, 130000), "");
    EXPECT_EQ(why_text_for_version(all, 1007, 130000), "");
    EXPECT_EQ(why_text_for_version(all, kMoods, 140000), "");
}

TEST(PlanColumns, ExtensionVersionsDecideTheForm) {
    const Types source = types(), target = types("app", "1.5");
    const Selection selection{cli::Options{}};
    const TypePairs pairs(source, target, selection);
    EXPECT_NE(pairs.why_text(kCitext, kCitext, 150000), "");
    Table table;
    table.name = "t";
    take_columns(table, {attribute(kCitext)}, source, {150000, {{"citext", "1.6"}}});
    EXPECT_EQ(table.form, wire::Form::binary);
    take_columns(table, {attribute(kCitext)}, source, {150000, {{"citext", "1.5"}}});
    EXPECT_EQ(table.form, wire::Form::text);
    EXPECT_EQ(table.form_reason,
              "column c: type citext is of extension citext 1.6 on the source, 1.5 on the target");
}

TEST(PlanColumns, WhatDoesNotFitBlocks) {
    const Types all = types();
    const Selection selection{cli::Options{}};
    const TypePairs pairs(all, all, selection);
    Attribute json = attribute(114), extra = attribute(23), jsonb = attribute(3802);
    extra.name = "x";
    Attribute needed = attribute(23);
    needed.name = "needed";
    needed.not_null = true;
    Table table;
    const auto findings =
        match_columns(table, {json, extra}, all, {jsonb, needed}, all, pairs, {}, 150000);
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].code, "column-type");
    EXPECT_EQ(findings[1].code, "column-missing");
    EXPECT_EQ(findings[2].code, "column-required");
    Table chosen;
    EXPECT_TRUE(
        match_columns(chosen, {json}, all, {jsonb}, all, pairs, {{"c", "jsonb"}}, 150000).empty());
    EXPECT_EQ(chosen.columns.at(0).cast, "jsonb");
    EXPECT_TRUE(chosen.columns.at(0).lossy_checked);
}
