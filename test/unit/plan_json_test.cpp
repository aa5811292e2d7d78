#include "loader/plan/json.hpp"

#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "loader/core/error.hpp"
#include "loader/core/json.hpp"
#include "loader/plan/describe.hpp"
#include "loader/plan/finding_codes.hpp"

using namespace custody;
using namespace custody::plan;

namespace {

Plan sample() {
    Plan plan;
    plan.source.description = "a:5432/db";
    plan.source.version = 150004;
    Table t;
    t.id = 3;
    t.schema = "s\"x";
    t.name = "t\n";
    t.source_oid = std::numeric_limits<std::uint32_t>::max();
    Column c;
    c.name = "c";
    c.cast = "bigint[]";
    c.lossy_checked = true;
    using Kind = wire::TypeRule::Kind;
    c.rule = {Kind::composite,
              {{Kind::raw, {}}, {Kind::array, {{Kind::float8, {}}}}, {Kind::composite, {}}}};
    t.columns = {c};
    t.key = {"c"};
    t.generated = {{"g", "1", "integer", true}};
    t.form = wire::Form::text;
    t.form_reason = "why";
    t.buckets = 1024;
    t.method = PartMethod::key;
    t.part_key = "c";
    Part first, last;
    first.upper = std::numeric_limits<std::int64_t>::min();
    last.number = 2;
    last.lower = first.upper;
    t.parts = {first, last};
    t.extension_config = t.referenced = t.target_exists = true;
    t.target_oid = 7;
    t.routed = true;
    t.leaves = {{"s", "leaf", 8, 9}};
    plan.tables = {t};
    plan.not_moved = {"foreign table s.f: elsewhere"};
    plan.findings = {{"column-type", Severity::blocking, "o", "s", "r"}};
    return plan;
}

} // namespace

TEST(PlanJson, RoundTrip) {
    const auto json = to_json(sample());
    const Plan back = from_json(parse_json(json.dump()));
    EXPECT_EQ(to_json(back), json);
    EXPECT_EQ(back.tables[0].columns[0].rule, sample().tables[0].columns[0].rule);
    EXPECT_EQ(back.tables[0].parts[0].upper, std::numeric_limits<std::int64_t>::min());
    EXPECT_FALSE(back.tables[0].parts[1].upper);
    EXPECT_TRUE(back.blocked());
}

TEST(PlanJson, RefusesWhatItDoesNotKnow) {
    const auto refuses = [](auto &&damage) {
        auto json = to_json(sample());
        damage(json);
        try {
            (void)from_json(json);
        } catch (const Error &error) {
            return error.code() == "plan-unreadable" && error.exit() == Exit::mismatch;
        }
        return false;
    };
    EXPECT_TRUE(refuses([](auto &j) { j["schema_version"] = 2; }));
    EXPECT_TRUE(refuses([](auto &j) { j.erase("tables"); }));
    EXPECT_TRUE(refuses([](auto &j) { j["tables"][0]["method"] = "magic"; }));
    EXPECT_TRUE(refuses([](auto &j) { j["tables"][0]["form"] = "xml"; }));
    EXPECT_TRUE(refuses([](auto &j) { j["tables"][0]["parts"].clear(); }));
    EXPECT_TRUE(refuses([](auto &j) { j["tables"][0]["columns"][0]["rule"] = 5; }));
}

TEST(PlanDescribe, BlockingFindingsComeFirst) {
    Plan plan = sample();
    plan.findings.insert(plan.findings.begin(),
                         make_finding("extension-created", "citext", "version 1.6 is available"));
    const std::string text = describe(plan);
    EXPECT_LT(text.find("blocking column-type"), text.find("info extension-created"));
    EXPECT_NE(text.find("not moved\n  foreign table s.f"), std::string::npos);
    EXPECT_NE(text.find("by ranges of c"), std::string::npos);
}

TEST(PlanFindings, CodesAreUniqueAndDocumented) {
    std::ifstream stream(std::string(CUSTODY_SOURCE_DIR) + "/docs/diagnostics.md");
    std::ostringstream page;
    page << stream.rdbuf();
    std::set<std::string_view> seen;
    for (const auto &code : finding_codes())
        EXPECT_TRUE(seen.insert(code.code).second) << code.code;
    EXPECT_NE(page.str().find(finding_codes_markdown()), std::string::npos)
        << "the table of findings in docs/diagnostics.md should read\n"
        << finding_codes_markdown();
    EXPECT_THROW((void)make_finding("no-such-code", "", ""), std::logic_error);
}
