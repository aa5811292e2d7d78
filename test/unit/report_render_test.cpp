// Golden tests: test/unit/golden/report_* hold what the sample reports must look like, byte for
// byte. CUSTODY_UPDATE_GOLDEN=1 writes them anew; read the difference before committing it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "loader/core/json.hpp"
#include "loader/report/facts.hpp"
#include "loader/report/html.hpp"
#include "loader/report/render.hpp"
#include "loader/report/status.hpp"
#include "test/unit/report_sample.hpp"

namespace custody::report {
namespace {

void expect_golden(const std::string &name, const std::string &text) {
    const std::string path = std::string(CUSTODY_SOURCE_DIR "/test/unit/golden/") + name;
    if (std::getenv("CUSTODY_UPDATE_GOLDEN") != nullptr)
        std::ofstream(path, std::ios::binary) << text;
    std::ifstream file(path, std::ios::binary);
    const std::string wanted{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(text == wanted) << path << " differs from:\n" << text;
}

TEST(ReportGolden, Text) {
    expect_golden("report_equal.txt", render_text(sample_report(), {false, 100}));
    expect_golden("report_hostile.txt", render_text(hostile_report(), {true, 100}));
}

TEST(ReportGolden, Json) {
    expect_golden("report_equal.json", render_json(sample_report()));
    expect_golden("report_hostile.json", render_json(hostile_report()));
}

TEST(ReportGolden, Html) {
    expect_golden("report_equal.html", render_html(sample_report()));
    expect_golden("report_hostile.html", render_html(hostile_report()));
}

TEST(ReportHtml, HostileNamesStayText) {
    const std::string page = render_html(hostile_report());
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<img"), std::string::npos);
    EXPECT_EQ(page.find('\x1b'), std::string::npos);
    EXPECT_EQ(page.find("\u202e"), std::string::npos);
    EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
    // No tag but those that the page is made of, and no attribute but theirs.
    const std::regex tag("<(/?[a-zA-Z!][^ >]*)");
    const std::regex known("/?(!DOCTYPE|html|head|meta|title|style|body|div|span|h1|h2|h3|p|strong|"
                           "b|br|em|code|pre|ul|li|dl|dt|dd|table|thead|tbody|tr|th|td|footer|svg|"
                           "g|line|rect|text)/?");
    for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at)
        EXPECT_TRUE(std::regex_match((*at)[1].str(), known)) << (*at)[1];
    EXPECT_EQ(html::escaped("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST(ReportHtml, NothingComesFromElsewhere) {
    const std::string page = render_html(sample_report());
    for (const char *part : {"http://", "https://", "src=", "url(", "@import", "<script", "<link"})
        EXPECT_EQ(page.find(part), std::string::npos) << part;
}

TEST(ReportHtml, AHundredThousandPartsStayASmallPicture) {
    Report report = sample_report();
    for (int i = 0; i < 100000; ++i)
        report.spans.push_back({"copy", "app.big", {i * 0.001, i * 0.001 + 0.0009}});
    EXPECT_LT(html::timeline(report).size(), 600000U);
}

TEST(ReportText, NamesCannotCommandATerminal) {
    const std::string text = render_text(hostile_report(), {false, 80});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\u202e"), std::string::npos);
}

TEST(ReportJson, IsWellFormedWhateverTheNames) {
    Report report = hostile_report();
    report.tables[0].source = "bad \xff utf-8";
    const auto json = parse_json(render_json(report));
    EXPECT_EQ(json["schema_version"], kSchemaVersion);
    EXPECT_EQ(json["summary"]["verdict"], "different");
    EXPECT_EQ(json["migration"]["name"], kHostile);
}

TEST(ReportSummary, OnlyTheFirstVerdictIsSuccess) {
    Report report = sample_report();
    EXPECT_EQ(summarize(report).exit, Exit::ok);
    EXPECT_EQ(summarize(report).verdict, "equal");
    report.tables[0].verdict = "unverified";
    EXPECT_EQ(summarize(report).exit, Exit::unverified);
    EXPECT_EQ(summarize(report).verdict, "unverified");
    report.tables[0].verdict = "different";
    EXPECT_EQ(summarize(report).verdict, "different");
    EXPECT_EQ(summarize(report).exit, Exit::unverified);
    report.state = "partial";
    EXPECT_EQ(summarize(report).exit, Exit::partial);
    report = sample_report();
    report.tasks[0].state = "failed";
    EXPECT_EQ(summarize(report).exit, Exit::partial);
    report = sample_report();
    report.tasks.back().verdict.clear(); // a sequence that nobody compared
    EXPECT_EQ(summarize(report).verdict, "unverified");
    report = sample_head();
    EXPECT_EQ(summarize(report).verdict, "unverified") << "nothing to look at";
    EXPECT_NE(summarize(report).exit, Exit::ok);
}

TEST(ReportFacts, SurviveTheWayThroughTheTarget) {
    RunFacts first;
    first.host = "h\"1";
    first.jobs = 8;
    first.started = 100.5;
    first.phases = {{"rows", 100.5, 120.25}};
    first.spans = {{"verify", "app.\"x\"", 101, 102}};
    RunFacts second;
    second.exit_code = 0;
    second.source_moved = false;
    second.source_lsn = "0/1";
    const auto runs = read_runs(add_run(add_run("", first), second));
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(runs[0].host, "h\"1");
    EXPECT_EQ(runs[0].phases[0].finished, 120.25);
    EXPECT_EQ(runs[0].spans[0].label, "app.\"x\"");
    EXPECT_EQ(runs[0].exit_code, -1);
    EXPECT_FALSE(runs[0].source_moved.has_value());
    EXPECT_EQ(runs[1].source_moved, std::optional(false));
    EXPECT_TRUE(read_runs("[1]").empty());
    EXPECT_TRUE(read_runs("{\"runs\":[{\"jobs\":\"x\"}]}").empty());
}

TEST(ReportStatus, ShowsWhatRunsAndWhatWentWrong) {
    Status status;
    status.name = "default";
    status.state = "open";
    status.source = "h:5432/db";
    status.created_at = "2026-11-20 03:31:02+00";
    status.holder = "custody from local";
    StatusObject object;
    object.object = "app.calls";
    object.command = "COPY";
    object.phase = "copying";
    object.pid = 77;
    object.parts_total = 4;
    object.parts_done = 1;
    object.tuples_processed = 120345;
    object.bytes_processed = 5 << 20;
    status.objects.push_back(object);
    object = {};
    object.object = "app.\x1b[2Jbad";
    object.command = "COPY";
    object.phase = "verified";
    object.verdict = "different";
    object.reason = "1 row is missing";
    status.objects.push_back(object);
    EXPECT_EQ(render_status_text(status, false),
              "migration \"default\" is open\n"
              "  source   h:5432/db\n"
              "  started  2026-11-20 03:31:02+00\n"
              "  run by   custody from local\n"
              "  tables   1 copying, 1 verified\n"
              "\n"
              "  object                                  phase                  rows      bytes  "
              "progress\n"
              "  app.\\x1b[2Jbad                          verified\n"
              "    1 row is missing\n"
              "  app.calls                               copying             120,345     5.0 MB  "
              "1 of 4 parts\n");
    const auto json = parse_json(render_status_json(status));
    EXPECT_EQ(json["objects"][0]["pid"], 77);
    EXPECT_TRUE(json["objects"][1]["pid"].is_null());
}

} // namespace
} // namespace custody::report
