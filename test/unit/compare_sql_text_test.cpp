#include <gtest/gtest.h>

#include "loader/compare/sql_text.hpp"

namespace custody::compare {
namespace {

TEST(CompareSqlText, QuotesOnlyWhatNeedsThem) {
    EXPECT_EQ(readable(R"(SELECT "a", "B" FROM "app"."two words" WHERE "x" = 'it''s "y"')"),
              R"(SELECT a, "B" FROM app."two words" WHERE x = 'it''s "y"')");
    EXPECT_EQ(readable(R"(nextval('"app"."calls_id_seq"'::"regclass"))"),
              R"(nextval('app.calls_id_seq'::regclass))");
    EXPECT_EQ(readable(R"("say ""hi""" = E'a\\')"), R"("say ""hi""" = E'a\\')");
    EXPECT_EQ(readable("\"open"), "\"open") << "an open quote is no reason to read on";
    EXPECT_EQ(readable_name("1st"), "\"1st\"");
    EXPECT_EQ(readable_name(""), "\"\"");
}

TEST(CompareSqlText, RenamesQualifiedNames) {
    const Renaming to_crm = [](const std::string &schema, const std::string &name) {
        return schema == "app" ? std::pair<std::string, std::string>("crm", name + "2")
                               : std::pair(schema, name);
    };
    EXPECT_EQ(renamed(R"(REFERENCES "app"."calls"("id") x "old"."app" "app")", to_crm),
              R"(REFERENCES "crm"."calls2"("id") x "old"."app" "app")");
    EXPECT_EQ(renamed(R"('"app"."s"'::"regclass", 'app.s')", to_crm),
              R"('"crm"."s2"'::"regclass", 'app.s')");
}

TEST(CompareSqlText, ArrayCastsHaveOneForm) {
    const std::string before = R"(CHECK ((("kind")::"text" = ANY ((ARRAY['a'::character varying, )"
                               R"('b'::character varying])::"text"[]))))";
    const std::string after = R"(CHECK ((("kind")::"text" = ANY (ARRAY[('a'::character varying)::)"
                              R"("text", ('b'::character varying)::"text"]))))";
    EXPECT_EQ(canonical(before), canonical(after));
    EXPECT_EQ(canonical(after), after);
    EXPECT_NE(canonical(R"((ARRAY['a', 'b'])::"text"[])"),
              canonical(R"((ARRAY['a', 'c'])::"text"[])"));
    EXPECT_NE(canonical(R"((ARRAY['a'])::"text"[])"), canonical(R"((ARRAY['a'])::"name"[])"));
    EXPECT_EQ(canonical(R"((ARRAY[f(1, 2), (3)])::numeric(4,2)[])"),
              "ARRAY[(f(1, 2))::numeric(4,2), (3)::numeric(4,2)]");
    EXPECT_EQ(canonical("(ARRAY['a'"), "(ARRAY['a'") << "what does not end is left as it is";
}

TEST(CompareSqlText, JsonIsNamedTheSameByAllServers) {
    EXPECT_EQ(canonical(R"(("json", "jsonb"))"), R"((json, "jsonb"))");
    EXPECT_EQ(canonical(R"("app"."json")"), R"("app"."json")");
}

TEST(CompareSqlText, ViewsOfOneTable) {
    const std::string older = R"( SELECT "u"."id", upper("u"."name") FROM "app"."users" "u")"
                              R"( WHERE ("u"."age" > 3) ORDER BY "u"."name";)";
    EXPECT_TRUE(same_view(older, R"( SELECT "id", upper("name") FROM "app"."users" "u")"
                                 R"( WHERE ("age" > 3) ORDER BY "name";)"));
    EXPECT_FALSE(same_view(older, R"( SELECT "id", upper("name") FROM "app"."users" "u")"
                                  R"( WHERE ("age" > 4) ORDER BY "name";)"));
    EXPECT_FALSE(same_view(older, R"( SELECT "id", upper("name") FROM "app"."others" "u")"
                                  R"( WHERE ("age" > 3) ORDER BY "name";)"));
}

TEST(CompareSqlText, OnlyTheOutermostQueryLosesNames) {
    const std::string older = R"( SELECT "u"."id", ( SELECT "count"(*) FROM "app"."calls" "c" )"
                              R"(WHERE ("c"."user_id" = "u"."id")) FROM "app"."users" "u";)";
    EXPECT_TRUE(same_view(older, R"( SELECT "id", ( SELECT "count"(*) FROM "app"."calls" "c" )"
                                 R"(WHERE ("c"."user_id" = "u"."id")) FROM "app"."users" "u";)"));
    // Two tables: which one a column comes from matters.
    EXPECT_FALSE(same_view(R"( SELECT "a"."x" FROM ("t" "a" JOIN "t" "b" ON (true));)",
                           R"( SELECT "b"."x" FROM ("t" "a" JOIN "t" "b" ON (true));)"));
}

} // namespace
} // namespace custody::compare
