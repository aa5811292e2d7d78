// What `custody audit report` prints: lines that fit a terminal, findings before what is proven,
// and a page whose cells stand below each other where they have no room.
#include <gtest/gtest.h>

#include "loader/audit/ledger_report.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

LedgerReport sample() {
    LedgerReport report;
    report.database = "clinic";
    report.ledger = "021afba5-34e3-4865-91d6-f0ccba95025a";
    report.block = 3;
    report.hash = std::string(64, 'a');
    report.sealed_at = "2026-11-20 23:28:03 UTC";
    report.checks = {{"reconcile", "clinic.visit", "unproven", std::string(120, 'x') + " and more"},
                     {"chain", "blocks 1 to 3", "proven", "3 blocks"}};
    for (const char *index : {"a_pkey", "b_pkey", "c_pkey", "d_pkey"})
        report.checks.push_back({"heap_index", index, "proven", "it shows every row"});
    report.tables = {{"clinic.a_table_with_a_name_almost_as_long_as_names_can_be", "recorded", "",
                      "2026-11-20 23:27:35 UTC"}};
    report.notices = {{"2026-11-20 23:28:02 UTC", "", "hold", "ann",
                       R"({"by": "ann", "hold": 1, "reason": "before the court has spoken"})"}};
    return report;
}

TEST(LedgerReport, LinesFitTheTerminal) {
    for (const std::size_t width : {80, 100}) {
        std::string text = render_report_text(sample(), {false, width});
        std::size_t too_long = 0;
        while (!text.empty()) {
            const auto end = text.find('\n');
            const auto line = text.substr(0, end);
            const auto begin = std::min(line.find_first_not_of(' '), line.size());
            // A word that is longer than a line has one of its own.
            if (ui::display_width(line) > width && line.find(' ', begin) != std::string::npos)
                ++too_long;
            text.erase(0, end + 1);
        }
        EXPECT_EQ(too_long, 0U) << render_report_text(sample(), {false, width});
    }
}

TEST(LedgerReport, ManyProvenAlikeAreOneLine) {
    const std::string text = render_report_text(sample(), {false, 100});
    EXPECT_NE(text.find("proven    heap_index     4 objects: it shows every row\n"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("a_pkey"), std::string::npos);

    LedgerReport refuted = sample();
    for (auto &check : refuted.checks)
        if (check.check == "heap_index")
            check.status = "refuted";
    const std::string named = render_report_text(refuted, {false, 100});
    for (const char *index : {"a_pkey", "b_pkey", "c_pkey", "d_pkey"})
        EXPECT_NE(named.find(index), std::string::npos) << index;
}

TEST(LedgerReport, PageNamesEveryObject) {
    const std::string page = render_report_html(sample());
    for (const char *index : {"a_<wbr>pkey", "b_<wbr>pkey", "c_<wbr>pkey", "d_<wbr>pkey"})
        EXPECT_NE(page.find(index), std::string::npos) << index;
    EXPECT_NE(page.find("(the ledger)"), std::string::npos);
    EXPECT_NE(page.find("@media (max-width: 720px)"), std::string::npos);
}

} // namespace
} // namespace custody::audit
