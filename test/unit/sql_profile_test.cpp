// The text of the queries; that they give the right digests is tested where there is a server
// (test/t/sql_profile.t).
#include "common/sql_profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

using namespace custody;
using namespace custody::digest;
using wire::Form;
using wire::TypeRule;

namespace {

SqlQuery query_of(std::vector<SqlColumn> columns) {
    SqlQuery query;
    query.relation = "ONLY public.t";
    query.columns = std::move(columns);
    return query;
}

SqlColumn column(std::string name, std::string send) { return {std::move(name), "", send}; }

bool has(const std::string &text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

int depth_of(const std::string &text) {
    int depth = 0;
    int deepest = 0;
    for (const char c : text) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        deepest = std::max(deepest, depth);
    }
    EXPECT_EQ(depth, 0);
    return deepest;
}

TEST(SqlProfile, FormIsBinaryWhereNothingInsideOfAValueIsRewritten) {
    using enum wire::Kind;
    const TypeRule raw_range{range, {TypeRule{}}};
    EXPECT_EQ(sql_form(Form::binary, std::vector<TypeRule>{{raw, {}}, {float4, {}}, {float8, {}}}),
              Form::binary);
    EXPECT_EQ(sql_form(Form::binary, std::vector{raw_range}), Form::binary);
    EXPECT_EQ(sql_form(Form::binary, {}), Form::binary);
    EXPECT_EQ(sql_form(Form::text, {}), Form::text);
    EXPECT_EQ(sql_form(Form::binary, std::vector<TypeRule>{{array, {TypeRule{}}}}), Form::text);
    EXPECT_EQ(sql_form(Form::binary, std::vector<TypeRule>{{composite, {}}}), Form::text);
    EXPECT_EQ(sql_form(Form::binary, std::vector<TypeRule>{{range, {TypeRule{float8, {}}}}}),
              Form::text);
}

TEST(SqlProfile, DescriptionIsThatOfTheDigest) {
    // Of the columns id, ü: see DigestValue.FingerprintTellsColumnListsApart.
    SqlQuery query = query_of({column("id", "pg_catalog.int4send"), column("ü", "-")});
    query.form = Form::text;
    EXPECT_TRUE(has(digest_query(query), "'1:sql:text:e76edbc5c6645729:'"));
}

TEST(SqlProfile, NamesAndExpressionsAreTakenAsTheyAre) {
    SqlColumn renamed = column("b", "pg_catalog.int8send");
    renamed.expression = "a::int8";
    const std::string text =
        digest_query(query_of({column("a \"quoted\" name", "pg_catalog.int4send"), renamed}));
    EXPECT_TRUE(has(text, "pg_catalog.int4send(\"a \"\"quoted\"\" name\")"));
    EXPECT_TRUE(has(text, "pg_catalog.int8send((a::int8))"));
}

TEST(SqlProfile, SettingsAreCheckedWhereTheDigestDependsOnThem) {
    SqlQuery query = query_of({column("a", "pg_catalog.textsend")});
    EXPECT_TRUE(has(digest_query(query), "'row_security'"));
    EXPECT_FALSE(has(digest_query(query), "'client_encoding'"));
    EXPECT_FALSE(has(digest_query(query), "'TimeZone'"));
    EXPECT_TRUE(has(rows_query(query, {}), "'TimeZone'")) << "the key is a text";
    query.columns.front().send = "pg_catalog.xml_send";
    EXPECT_TRUE(has(digest_query(query), "'client_encoding'"));
    EXPECT_TRUE(has(digest_query(query), "pg_my_temp_schema")) << "and keeps to one process";
    query.columns.front().send = "public.int4send";
    EXPECT_TRUE(has(digest_query(query), "'client_encoding'")) << "another function of that name";
    query.form = Form::text;
    EXPECT_FALSE(has(digest_query(query), "'client_encoding'"));
    EXPECT_TRUE(has(digest_query(query), "'TimeZone'"));
}

TEST(SqlProfile, ConditionMayEndInAComment) {
    SqlQuery query = query_of({column("a", "pg_catalog.xml_send")});
    query.condition = "a IS NOT NULL OR true -- all";
    EXPECT_TRUE(has(buckets_query(query), "WHERE (a IS NOT NULL OR true -- all\n) AND "));
}

TEST(SqlProfile, KeyIsAmongTheColumns) {
    SqlQuery query = query_of({column("a", "pg_catalog.int4send")});
    query.key = {"a"};
    query.buckets = 256;
    EXPECT_TRUE(has(buckets_query(query), ",255)"));
    EXPECT_TRUE(has(rows_query(query, std::vector<std::uint32_t>{3, 9}, ", ctid"), "'{3,9}'"));
    query.key = {"a", "b"};
    EXPECT_THROW(buckets_query(query), DigestError);
    EXPECT_THROW(rows_query(query, {}), DigestError);
    EXPECT_NO_THROW(digest_query(query)) << "which needs no key";
}

TEST(SqlProfile, ThousandColumnsAreNotDeep) {
    std::vector<SqlColumn> columns;
    for (int i = 0; i < 1600; ++i) {
        columns.push_back(column("c" + std::to_string(i), "pg_catalog.textsend"));
    }
    const std::string text = digest_query(query_of(std::move(columns)));
    EXPECT_LT(depth_of(text), 30);
    EXPECT_TRUE(has(text, "E'\\\\x0640'"));
}

} // namespace
