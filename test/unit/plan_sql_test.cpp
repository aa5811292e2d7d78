#include "loader/plan/sql.hpp"

#include <limits>

#include <gtest/gtest.h>

using namespace custody;
using namespace custody::plan;

namespace {

Column column(const std::string &name, const std::string &type = "integer") {
    Column c;
    c.name = name;
    c.type = c.target_type = type;
    return c;
}

Table table() {
    Table t;
    t.schema = t.target_schema = "s";
    t.name = t.target_name = "t";
    t.columns = {column("a"), column("b")};
    t.parts = {Part{}};
    return t;
}

Part range(std::optional<std::int64_t> lower, std::optional<std::int64_t> upper) {
    Part part;
    part.lower = lower;
    part.upper = upper;
    return part;
}

} // namespace

TEST(PlanSql, WholeTable) {
    const Table t = table();
    EXPECT_EQ(copy_out(t, t.parts[0]),
              R"(COPY (SELECT "a", "b" FROM ONLY "s"."t") TO STDOUT (FORMAT binary))");
    EXPECT_EQ(copy_in(t, false), R"(COPY "s"."t" ("a", "b") FROM STDIN (FORMAT binary))");
    EXPECT_EQ(copy_in(t, true), R"(COPY "s"."t" ("a", "b") FROM STDIN (FORMAT binary, FREEZE))");
    EXPECT_EQ(count_rows(t), R"(SELECT pg_catalog.count(*) FROM ONLY "s"."t")");
    EXPECT_EQ(count_lossy_rows(t, t.parts[0]), "");
    EXPECT_EQ(count_wrong_generated(t), "");
}

TEST(PlanSql, NamesAreQuoted) {
    Table t = table();
    const std::string longest(63, 'n');
    t.schema = R"(we"ird)";
    t.name = "T.t\\";
    t.columns = {column(R"(a"b)"), column(longest)};
    t.form = wire::Form::text;
    EXPECT_EQ(copy_out(t, t.parts[0]), "COPY (SELECT \"a\"\"b\", \"" + longest +
                                           "\" FROM ONLY \"we\"\"ird\".\"T.t\\\") TO STDOUT "
                                           "(FORMAT text)");
}

TEST(PlanSql, NoColumns) {
    Table t = table();
    t.columns.clear();
    EXPECT_EQ(copy_out(t, t.parts[0]),
              R"(COPY (SELECT FROM ONLY "s"."t") TO STDOUT (FORMAT binary))");
    EXPECT_EQ(copy_in(t, false), R"(COPY "s"."t" FROM STDIN (FORMAT binary))");
}

TEST(PlanSql, BlockRanges) {
    Table t = table();
    t.method = PartMethod::ctid;
    EXPECT_EQ(part_condition(t, range({}, 10)), "ctid < '(10,0)'::pg_catalog.tid");
    EXPECT_EQ(part_condition(t, range(10, {})), "ctid >= '(10,0)'::pg_catalog.tid");
    EXPECT_EQ(part_condition(t, range({}, {})), "");
    EXPECT_EQ(part_condition(t, range(10, 20)),
              "ctid >= '(10,0)'::pg_catalog.tid AND ctid < '(20,0)'::pg_catalog.tid");
}

TEST(PlanSql, KeyRangesWithNegativeBounds) {
    Table t = table();
    t.method = PartMethod::key;
    t.part_key = "id";
    EXPECT_EQ(part_condition(t, range(std::numeric_limits<std::int64_t>::min(), -1)),
              "\"id\" >= '-9223372036854775808'::pg_catalog.int8"
              " AND \"id\" < '-1'::pg_catalog.int8");
}

TEST(PlanSql, FilterWithACommentAtItsEnd) {
    Table t = table();
    t.method = PartMethod::ctid;
    t.row_filter = "a > 1 OR b > 1 -- recent";
    EXPECT_EQ(part_condition(t, range({}, 7)),
              "ctid < '(7,0)'::pg_catalog.tid AND (a > 1 OR b > 1 -- recent\n)");
    EXPECT_EQ(
        count_rows(t),
        "SELECT pg_catalog.count(*) FROM ONLY \"s\".\"t\" WHERE (a > 1 OR b > 1 -- recent\n)");
}

TEST(PlanSql, Casts) {
    Table t = table();
    t.columns[0].cast = "bigint"; // cannot lose
    t.columns[1].cast = "jsonb";
    t.columns[1].type = "json";
    t.columns[1].lossy_checked = true;
    EXPECT_EQ(copy_out(t, t.parts[0]),
              R"(COPY (SELECT "a"::bigint AS "a", "b"::jsonb AS "b" FROM ONLY "s"."t") TO STDOUT )"
              "(FORMAT binary)");
    EXPECT_EQ(count_lossy_rows(t, t.parts[0]),
              R"(SELECT pg_catalog.count(*) FROM ONLY "s"."t" WHERE ("b"::jsonb::json)"
              R"(::pg_catalog.text IS DISTINCT FROM "b"::pg_catalog.text))");
}

TEST(PlanSql, GeneratedColumns) {
    Table t = table();
    t.generated = {{"g", "(a * b)", "numeric(12,2)", false}, {"h", "f(a)", "s.pair", true}};
    EXPECT_EQ(count_wrong_generated(t),
              R"(SELECT pg_catalog.count(*) FROM ONLY "s"."t" WHERE )"
              R"(pg_catalog.record_image_ne(ROW("g"), ROW(((a * b))::numeric(12,2))) OR )"
              R"("h"::pg_catalog.text IS DISTINCT FROM (f(a))::s.pair::pg_catalog.text)");
}

TEST(PlanSql, ReadsLeaves) {
    Table t = table();
    t.row_filter = "x";
    t.leaves = {{"s", "one", 1, 1}, {"S", "two", 2, 2}, {"s", "three", 3, 3}};
    t.method = PartMethod::leaf;
    t.parts = {{1, std::nullopt, 2}, {2, 2, std::nullopt}};
    const std::string filter = " WHERE (x\n)";
    EXPECT_EQ(copy_out(t, t.parts[0]), R"(COPY (SELECT "a", "b" FROM ONLY "s"."one")" + filter +
                                           R"( UNION ALL SELECT "a", "b" FROM ONLY "S"."two")" +
                                           filter + ") TO STDOUT (FORMAT binary)");
    EXPECT_EQ(copy_out(t, t.parts[1]), R"(COPY (SELECT "a", "b" FROM ONLY "s"."three")" + filter +
                                           ") TO STDOUT (FORMAT binary)");
    t.row_filter.clear();
    EXPECT_EQ(count_rows(t), R"(SELECT (SELECT pg_catalog.count(*) FROM ONLY "s"."one") + )"
                             R"((SELECT pg_catalog.count(*) FROM ONLY "S"."two") + )"
                             R"((SELECT pg_catalog.count(*) FROM ONLY "s"."three"))");
}

TEST(PlanSql, ThroughARoot) {
    Table t = table();
    EXPECT_TRUE(can_freeze(t));
    t.routed = true;
    EXPECT_EQ(target_rows(t), R"("s"."t")");
    EXPECT_FALSE(can_freeze(t));
    t = table();
    t.parts.push_back(Part{});
    EXPECT_FALSE(can_freeze(t));
    t = table();
    t.referenced = true;
    EXPECT_FALSE(can_freeze(t));
}
