#include <iterator>

#include <fmt/format.h>

#include "loader/core/json.hpp"
#include "loader/probe/finding.hpp"
#include "loader/ui/text.hpp"

namespace custody::probe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr std::size_t kLongestStatement = 200;

Json or_null(const std::string &text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string counts(const Report &report) {
    return fmt::format("{} held, {} leak, {} inconclusive, {} accepted", report.count("held"),
                       report.count("leak"), report.count("inconclusive"), report.accepted());
}

void block(std::string &text, const Report &report, std::string_view verdict, bool accepted,
           const char *color) {
    for (const auto &finding : report.findings) {
        if (finding.verdict != verdict || finding.accepted.has_value() != accepted)
            continue;
        const std::string word(accepted ? "accepted" : verdict);
        text += fmt::format("\n{}  {}  {}\n",
                            *color ? fmt::format("\x1b[{}m{}\x1b[0m", color, word) : word,
                            finding.attack, ui::printable(finding.object));
        text += fmt::format("  {}{}\n", ui::printable(finding.detail),
                            finding.sqlstate.empty() ? "" : " (" + finding.sqlstate + ")");
        if (accepted)
            text += fmt::format("  {}\n", ui::printable(*finding.accepted));
        else if (!finding.statement.empty())
            text += fmt::format("  {}\n",
                                ui::printable(finding.statement.substr(0, kLongestStatement)));
    }
}

} // namespace

std::string headline(const Report &report) {
    if (report.held())
        return "every attack was held: " + counts(report);
    if (report.count("leak") > 0)
        return "isolation leaks: " + counts(report);
    return "not known to hold: " + counts(report);
}

std::string render_text(const Report &report, bool color) {
    std::string text =
        fmt::format("{}\n  server  {}, PostgreSQL {}.{}\n  role    {}\n", headline(report),
                    ui::printable(report.description), report.version / 10000,
                    report.version % 10000, ui::printable(report.role));
    block(text, report, "leak", false, color ? "1;31" : "");
    block(text, report, "inconclusive", false, color ? "33" : "");
    block(text, report, "inconclusive", true, color ? "2" : "");
    return text;
}

std::string render_json(const Report &report) {
    Json findings = Json::array();
    for (const auto &finding : report.findings)
        findings.push_back(
            {{"from", finding.from},
             {"object", finding.object},
             {"attack", finding.attack},
             {"verdict", finding.verdict},
             {"statement", or_null(finding.statement)},
             {"detail", or_null(finding.detail)},
             {"sqlstate", or_null(finding.sqlstate)},
             {"accepted", finding.accepted ? Json(*finding.accepted) : Json(nullptr)}});
    return json_document(Json{
        {"schema_version", kSchemaVersion},
        {"generated_at", report.generated_at},
        {"headline", headline(report)},
        {"exit_code", report.held() ? 0 : 5},
        {"server",
         {{"description", report.description},
          {"server_version", fmt::format("{}.{}", report.version / 10000, report.version % 10000)},
          {"server_version_num", report.version}}},
        {"role", report.role},
        {"pooler", report.pooler},
        {"on_clone", report.on_clone},
        {"counts",
         {{"held", report.count("held")},
          {"leak", report.count("leak")},
          {"inconclusive", report.count("inconclusive")},
          {"accepted", report.accepted()}}},
        {"findings", std::move(findings)}});
}

} // namespace custody::probe
