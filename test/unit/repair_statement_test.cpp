#include "loader/repair/statement.hpp"

#include <gtest/gtest.h>

#include "repair_sample.hpp"

using namespace custody;
using namespace custody::repair;

namespace {

struct Sample {
    plan::Table plan = sample_plan("we\"ird", "T");
    Schema schema;

    explicit Sample(std::vector<TargetColumn> columns) {
        schema.tables.push_back(sample_table(plan, std::move(columns)));
    }
    Sample(const Sample &) = delete;
    TargetTable &table() { return schema.tables[0]; }
    std::string sql(const Values &before, const Values &after) const {
        return statement_of(schema, sample_change(0, before, after), Style::literals).sql;
    }
};

constexpr auto kNull = std::nullopt;

} // namespace

TEST(RepairStatement, Insert) {
    Sample sample({sample_column("a"), sample_column("b\"", "text")});
    EXPECT_EQ(sample.sql({}, {"1", "x'y"}),
              R"(INSERT INTO "we""ird"."T" ("a", "b""") VALUES ('1', 'x''y'))");
    sample.table().identity = true;
    EXPECT_EQ(
        sample.sql({}, {"1", kNull}),
        R"(INSERT INTO "we""ird"."T" ("a", "b""") OVERRIDING SYSTEM VALUE VALUES ('1', NULL))");
}

TEST(RepairStatement, RowWithoutColumns) {
    Sample sample({sample_column("a")});
    sample.table().columns.clear();
    sample.table().key.clear();
    Change change;
    EXPECT_EQ(statement_of(sample.schema, change, Style::literals).sql,
              R"(INSERT INTO "we""ird"."T" DEFAULT VALUES)");
    change.action = Action::erase;
    change.count = 2;
    EXPECT_EQ(statement_of(sample.schema, change, Style::literals).sql,
              R"(DELETE FROM ONLY "we""ird"."T" WHERE ctid OPERATOR(pg_catalog.=) ANY )"
              R"((ARRAY(SELECT ctid FROM ONLY "we""ird"."T" AS custody_row WHERE true LIMIT 2 )"
              R"(FOR UPDATE)))");
}

TEST(RepairStatement, UpdateSetsWhatDiffersOfTheRowThatWasSeen) {
    const Sample sample({sample_column("a"), sample_column("b", "text"), sample_column("c")});
    EXPECT_EQ(sample.sql({"1", "old", kNull}, {"1", "new", kNull}),
              R"(UPDATE ONLY "we""ird"."T" SET "b" = 'new' )"
              R"(WHERE "a" OPERATOR(pg_catalog.=) '1'::integer )"
              R"(AND "b" OPERATOR(pg_catalog.=) 'old'::text AND "c" IS NULL)");
}

TEST(RepairStatement, WhatEqualsTellsNotApartIsComparedByItsOutput) {
    Sample sample({sample_column("n", "numeric"), sample_column("c", "public.citext")});
    sample.table().columns[0].equals = R"(OPERATOR("pg_catalog".=))";
    EXPECT_EQ(sample.sql({"1.0", ""}, {"1.00", "A"}),
              R"(UPDATE ONLY "we""ird"."T" SET "n" = '1.00', "c" = 'A' )"
              R"(WHERE "n" OPERATOR("pg_catalog".=) '1.0'::numeric )"
              R"(AND pg_catalog.format('%s', "n") COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) )"
              R"(pg_catalog.format('%s', '1.0'::numeric) COLLATE pg_catalog."C" )"
              R"(AND "c" IS DISTINCT FROM NULL )"
              R"(AND pg_catalog.format('%s', "c") COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) )"
              R"(pg_catalog.format('%s', ''::public.citext) COLLATE pg_catalog."C")");
    EXPECT_NE(sample.sql({"1.0", kNull}, {"1.0", "A"}).find(R"("c" IS NOT DISTINCT FROM NULL)"),
              std::string::npos);
}

TEST(RepairStatement, LongValuesAreComparedByTheirHash) {
    Sample sample({sample_column("a"), sample_column("b", "text")});
    const std::string value(201, 'x');
    // printf 'x%.0s' {1..201} | sha256sum
    EXPECT_EQ(
        sample.sql({"1", value}, {"1", ""}),
        R"(UPDATE ONLY "we""ird"."T" SET "b" = '' )"
        R"(WHERE "a" OPERATOR(pg_catalog.=) '1'::integer AND )"
        R"(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.format('%s', "b"), 'UTF8')) )"
        R"(OPERATOR(pg_catalog.=) )"
        R"('\x84a0678c90937f5dcf9994d5866668da6b995109c8ad845410559b48a4ecafed'::pg_catalog.bytea)");
    sample.schema.hash_text = false;
    EXPECT_NE(sample.sql({"1", value}, {"1", ""}).find("'" + value + "'::text"), std::string::npos);
}

TEST(RepairStatement, DeleteTakesNothingAlong) {
    Sample sample({sample_column("a")});
    EXPECT_EQ(sample.sql({"7"}, {}), R"(DELETE FROM ONLY "we""ird"."T" AS custody_row )"
                                     R"(WHERE "a" OPERATOR(pg_catalog.=) '7'::integer)");
    sample.schema.dependents.push_back(
        {0, "public.child", {R"("p")"}, {R"("a")"}, {R"(OPERATOR("pg_catalog".=))"}});
    EXPECT_EQ(sample.sql({"7"}, {}),
              R"(DELETE FROM ONLY "we""ird"."T" AS custody_row )"
              R"(WHERE "a" OPERATOR(pg_catalog.=) '7'::integer )"
              R"(AND NOT pg_catalog.row_security_active('public.child'::pg_catalog.text) )"
              R"(AND NOT EXISTS (SELECT FROM public.child AS custody_child )"
              R"(WHERE custody_row."a" OPERATOR("pg_catalog".=) custody_child."p" )"
              R"(AND NOT (custody_child.tableoid OPERATOR(pg_catalog.=) custody_row.tableoid )"
              R"(AND custody_child.ctid OPERATOR(pg_catalog.=) custody_row.ctid)))");
    const auto lock = lock_of(sample.schema, sample_change(0, {"7"}, {}), Style::literals);
    EXPECT_EQ(lock ? lock->sql : "", R"(SELECT 1 FROM ONLY "we""ird"."T" )"
                                     R"(WHERE "a" OPERATOR(pg_catalog.=) '7'::integer FOR UPDATE)");
    EXPECT_FALSE(lock_of(sample.schema, sample_change(0, {}, {"7"}), Style::literals));
}

TEST(RepairStatement, EqualRowsWithoutKey) {
    Sample sample({sample_column("v", "text")});
    sample.table().key.clear();
    Change change = sample_change(0, {"x"}, {});
    change.count = 3;
    EXPECT_EQ(statement_of(sample.schema, change, Style::literals).sql,
              R"(DELETE FROM ONLY "we""ird"."T" WHERE ctid OPERATOR(pg_catalog.=) ANY )"
              R"((ARRAY(SELECT ctid FROM ONLY "we""ird"."T" AS custody_row )"
              R"(WHERE "v" OPERATOR(pg_catalog.=) 'x'::text LIMIT 3 FOR UPDATE)))");
    sample.plan.routed = true;
    EXPECT_EQ(statement_of(sample.schema, change, Style::literals).sql,
              R"(DELETE FROM "we""ird"."T" WHERE (tableoid, ctid) OPERATOR(pg_catalog.=) ANY )"
              R"((SELECT tableoid, ctid FROM "we""ird"."T" AS custody_row )"
              R"(WHERE "v" OPERATOR(pg_catalog.=) 'x'::text LIMIT 3 FOR UPDATE))");
}

TEST(RepairStatement, ValuesAsParameters) {
    const Sample sample({sample_column("a"), sample_column("b", "text")});
    const auto statement = statement_of(
        sample.schema, sample_change(0, {"1", "o'ld"}, {"1", "new"}), Style::parameters);
    EXPECT_EQ(statement.sql, R"(UPDATE ONLY "we""ird"."T" SET "b" = $1 )"
                             R"(WHERE "a" OPERATOR(pg_catalog.=) $2::integer )"
                             R"(AND "b" OPERATOR(pg_catalog.=) $3::text)");
    EXPECT_EQ(statement.parameters, (std::vector<pq::Param>{"new", "1", "o'ld"}));
}

TEST(RepairStatement, AColumnThatACascadeSetsMayBeThereAlready) {
    Sample sample({sample_column("a"), sample_column("p")});
    sample.table().columns[1].cascaded = true;
    EXPECT_EQ(sample.sql({"1", "2"}, {"1", "3"}),
              R"(UPDATE ONLY "we""ird"."T" SET "p" = '3' )"
              R"(WHERE "a" OPERATOR(pg_catalog.=) '1'::integer )"
              R"(AND ("p" OPERATOR(pg_catalog.=) '2'::integer )"
              R"(OR "p" OPERATOR(pg_catalog.=) '3'::integer))");
}

TEST(RepairStatement, Literals) {
    EXPECT_EQ(quote_literal(""), "''");
    EXPECT_EQ(quote_literal("it's"), "'it''s'");
    EXPECT_EQ(quote_literal("a\\b'"), R"(E'a\\b''')");
    EXPECT_EQ(quote_literal("a\nb\r\t\x1b\x7f"), R"(E'a\nb\x0d\x09\x1b\x7f')");
    EXPECT_EQ(quote_literal("\xc3\xa9"), "'\xc3\xa9'");
}
