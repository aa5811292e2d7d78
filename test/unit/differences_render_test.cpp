#include "loader/report/differences.hpp"

#include <gtest/gtest.h>

#include "loader/core/json.hpp"
#include "loader/report/excerpt.hpp"
#include "loader/ui/text.hpp"
#include "loader/verify/pieces.hpp"

namespace custody::report {
namespace {

using verify::Difference;
using verify::Kind;
using Values = std::vector<std::optional<std::string>>;

verify::RowValues at(std::uint64_t ctid, Values values) {
    verify::RowValues row;
    row.id.relation = 16390;
    row.id.ctid = ctid;
    row.values = std::move(values);
    return row;
}

verify::TableDifferences sample() {
    verify::TableDifferences all;
    all.key = {"id"};
    all.columns = {"id", "no<te"};
    all.missing = 1;
    all.extra = 1;
    all.different = 3;
    all.persistent = 4;
    all.unsettled = 1;
    all.in_flight = 2;
    all.rows_shipped = 17;
    all.looks = {{"0/1", "0/2", "then"}, {"0/3", "0/4", "later"}};
    Difference different;
    different.age = verify::Age::persistent;
    different.key = {"42"};
    different.source = at(0x30007, {"42", "secret <b>"});
    different.target = at(0x10002, {"42", std::nullopt});
    different.columns = {{"no<te", "secret <b>", std::nullopt}};
    Difference missing;
    missing.kind = Kind::missing;
    missing.key = {"secret'key\n"};
    missing.source = at(0x30008, {"secret'key\n", "secret x"});
    all.rows = {different, missing};
    return all;
}

TEST(DifferencesRender, TextNamesKeysAndColumns) {
    EXPECT_EQ(differences_text(sample()), "    different  id = 42\n"
                                          "      no<te: 'secret <b>' -> NULL\n"
                                          "    missing    id = 'secret''key\\n'  (still changing)\n"
                                          "    and 3 more rows\n");
}

TEST(DifferencesRender, RowsWithoutAKeyAreToldByTheirValues) {
    auto all = sample();
    all.key.clear();
    for (auto &row : all.rows)
        row.key.clear();
    EXPECT_NE(differences_text(all).find("id = 42, no<te = 'secret <b>'"), std::string::npos);
    const auto json = differences_json(all);
    EXPECT_TRUE(json["rows"][0]["key"].is_null());
    EXPECT_EQ(json["rows"][1]["values"][1]["value"], "secret x");
}

TEST(DifferencesRender, PiecesLookLikeTheWhole) {
    for (const bool keyed : {true, false}) {
        auto all = sample();
        auto &row = all.rows[0];
        row.source->values[1] = row.columns[0].source =
            std::string(100000, 'x') + "one" + std::string(500, 'y');
        row.target->values[1] = row.columns[0].target = std::string(100000, 'x') + "two";
        for (auto &each : all.rows)
            if (!keyed)
                each.key.clear();
        if (!keyed)
            all.key.clear();
        auto pieces = all;
        for (auto &each : pieces.rows)
            verify::keep_pieces(each);
        EXPECT_EQ(differences_text(pieces), differences_text(all));
        EXPECT_EQ(differences_json(pieces), differences_json(all));
        EXPECT_EQ(differences_html(pieces), differences_html(all));
        EXPECT_LT(pieces.rows[0].columns[0].source->size(), 1000U);
    }
}

TEST(DifferencesRender, JsonHasEverythingAsAProgramWantsIt) {
    const auto json = differences_json(sample());
    EXPECT_EQ(json["missing"], 1);
    EXPECT_EQ(json["different"], 3);
    EXPECT_EQ(json["in_flight"], 2);
    EXPECT_EQ(json["unsettled"], 1);
    EXPECT_EQ(json["rows_shipped"], 17);
    EXPECT_EQ(json["looks"][1]["target_lsn"], "0/4");
    const auto &row = json["rows"][0];
    EXPECT_EQ(row["kind"], "different");
    EXPECT_EQ(row["age"], "persistent");
    EXPECT_EQ(row["key"][0]["column"], "id");
    EXPECT_EQ(row["key"][0]["value"], "42");
    EXPECT_EQ(row["source_place"]["ctid"], "(3,7)");
    EXPECT_EQ(row["columns"][0]["source"], "secret <b>");
    EXPECT_EQ(row["columns"][0]["source_bytes"], 10);
    EXPECT_TRUE(row["columns"][0]["target"].is_null());
    EXPECT_TRUE(json["rows"][1]["target_place"].is_null());
}

TEST(DifferencesRender, HtmlIsEscaped) {
    const auto html = differences_html(sample());
    EXPECT_EQ(html.find("<b>"), std::string::npos);
    EXPECT_NE(html.find("no&lt;te</code>: <code>&#39;secret &lt;b&gt;&#39;</code> → "
                        "<code>NULL</code>"),
              std::string::npos);
}

TEST(DifferencesRender, RedactedShowsNoValueAnywhere) {
    auto all = sample();
    redact(all);
    const auto text = differences_text(all);
    EXPECT_EQ(text, "    different  source ctid (3,7) of relation 16390, target ctid (1,2) of "
                    "relation 16390\n"
                    "      no<te\n"
                    "    missing    source ctid (3,8) of relation 16390  (still changing)\n"
                    "    and 3 more rows\n");
    for (const auto &shown : {text, differences_json(all).dump(), differences_html(all)}) {
        EXPECT_EQ(shown.find("secret"), std::string::npos) << shown;
        EXPECT_EQ(shown.find("42"), std::string::npos) << shown;
    }
    all.key.clear();
    for (const auto &shown :
         {differences_text(all), differences_json(all).dump(), differences_html(all)})
        EXPECT_EQ(shown.find("secret"), std::string::npos) << shown;
}

TEST(DifferencesRender, NoRowsNamedIsNoText) {
    auto all = sample();
    all.rows.clear();
    EXPECT_EQ(differences_text(all), "");
    EXPECT_EQ(differences_html(all), "");
}

TEST(DifferencesRender, EqualTextsAreExplained) {
    auto all = sample();
    all.rows[0].columns.clear();
    EXPECT_NE(differences_text(all).find("their binary forms do not"), std::string::npos);
}

TEST(Excerpt, LongValuesAreCutAndTheirLengthTold) {
    const std::string value(1000, 'x');
    EXPECT_EQ(shown(value), "'" + std::string(kExcerptBytes, 'x') + "'… (1000 bytes)");
    EXPECT_EQ(shown(std::string(kExcerptBytes, 'x')), "'" + std::string(kExcerptBytes, 'x') + "'");
}

TEST(Excerpt, TheFirstDifferenceIsSeen) {
    const std::string one = std::string(5000, 'x') + "one";
    const std::string two = std::string(5000, 'x') + "two";
    const auto from = begin_of_difference(one, two);
    EXPECT_EQ(shown(one, from), "…'" + std::string(40, 'x') + "one' (5003 bytes)");
    EXPECT_EQ(shown(two, from), "…'" + std::string(40, 'x') + "two' (5003 bytes)");
    EXPECT_EQ(begin_of_difference("one", "two"), 0U);
    EXPECT_EQ(begin_of_difference(std::string(1000, 'x'), ""), 0U);
}

TEST(Excerpt, CharactersAreNotCutApart) {
    std::string value;
    for (int i = 0; i < 200; ++i)
        value += "€";
    const auto first = excerpt(value);
    EXPECT_EQ(first.text.size() % 3, 0U);
    EXPECT_EQ(excerpt(value, 4).from, 3U);
    EXPECT_EQ(ui::printable(first.text), first.text);
}

TEST(Excerpt, ControlCharactersAndBackslashesAreToldApart) {
    EXPECT_EQ(shown("a\n"), "'a\\n'");
    EXPECT_EQ(shown("a\\n"), "'a\\\\n'");
    EXPECT_EQ(shown("-5"), "-5");
    EXPECT_EQ(shown("5-"), "'5-'");
    EXPECT_EQ(shown(""), "''");
    EXPECT_EQ(shown(std::nullopt), "NULL");
    EXPECT_EQ(shown("NULL"), "'NULL'");
}

} // namespace
} // namespace custody::report
