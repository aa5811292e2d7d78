#include <fmt/format.h>

#include "loader/core/json.hpp"
#include "loader/lint/render.hpp"

namespace custody::lint {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

std::string version_text(int version) {
    return fmt::format("{}.{}", version / 10000, version % 10000);
}

Json or_null(const std::optional<std::string> &text) { return text ? Json(*text) : Json(nullptr); }

Json finding_of(const Finding &finding) {
    return {{"code", finding.rule->code},         {"name", finding.rule->name},
            {"level", finding.rule->level},       {"object", finding.object},
            {"title", finding.rule->title},       {"seen", finding.seen},
            {"remediation", finding.remediation}, {"exempt", or_null(finding.exempt)}};
}

/// SARIF says "note" for info.
std::string_view sarif_level(std::string_view level) { return level == "info" ? "note" : level; }

Json text(std::string_view words) { return {{"text", words}}; }

Json sarif_rules() {
    Json list = Json::array();
    for (const auto &rule : rules())
        list.push_back({{"id", rule.code},
                        {"name", rule.name},
                        {"shortDescription", text(rule.title)},
                        {"fullDescription", text(rule.why)},
                        {"defaultConfiguration", {{"level", sarif_level(rule.level)}}}});
    return list;
}

Json sarif_result(const Finding &finding) {
    Json result = {
        {"ruleId", finding.rule->code},
        {"ruleIndex", finding.rule - rules().data()},
        {"level", sarif_level(finding.rule->level)},
        {"message", text(fmt::format("{}: {}: {}. {}", finding.object, finding.rule->title,
                                     finding.seen, finding.remediation))},
        {"locations", Json::array({{{"logicalLocations",
                                     Json::array({{{"fullyQualifiedName", finding.object}}})}}})},
        {"partialFingerprints",
         {{"codeAndObject/v1", fmt::format("{} {}", finding.rule->code, finding.object)}}}};
    if (finding.exempt)
        result["suppressions"] =
            Json::array({{{"kind", "external"}, {"justification", *finding.exempt}}});
    return result;
}

Json sarif_notifications(const Report &report) {
    Json list = Json::array();
    for (const auto &entry : report.not_run)
        list.push_back(
            {{"level", entry.failed ? "error" : "warning"},
             {"associatedRule", {{"id", entry.rule->code}, {"index", entry.rule - rules().data()}}},
             {"message", text(fmt::format("not run: {}", entry.reason))}});
    return list;
}

} // namespace

std::string render_json(const Report &report) {
    Json findings = Json::array();
    for (const auto &finding : report.findings)
        findings.push_back(finding_of(finding));
    Json not_run = Json::array();
    for (const auto &entry : report.not_run)
        not_run.push_back({{"code", entry.rule->code},
                           {"name", entry.rule->name},
                           {"level", entry.rule->level},
                           {"title", entry.rule->title},
                           {"reason", entry.reason},
                           {"failed", entry.failed}});
    return json_document(
        Json{{"schema_version", kSchemaVersion},
             {"generated_at", report.generated_at},
             {"headline", headline(report)},
             {"exit_code", report.failed() ? 5 : 0},
             {"fail_on", report.fail_on},
             {"server",
              {{"description", report.description},
               {"server_version", version_text(report.version)},
               {"server_version_num", report.version},
               {"user", report.user}}},
             {"extension", report.extension},
             {"org_column", report.org_column.empty() ? Json(nullptr) : Json(report.org_column)},
             {"rules_run", report.rules_run},
             {"counts",
              {{"error", report.count("error")},
               {"warning", report.count("warning")},
               {"info", report.count("info")},
               {"exempt", report.exempt()}}},
             {"findings", std::move(findings)},
             {"not_run", std::move(not_run)},
             {"notes", report.notes}});
}

std::string render_sarif(const Report &report) {
    Json results = Json::array();
    for (const auto &finding : report.findings)
        results.push_back(sarif_result(finding));
    const bool whole = std::none_of(report.not_run.begin(), report.not_run.end(),
                                    [](const auto &entry) { return entry.failed; });
    const Json driver = {{"name", "custody"},
                         {"version", CUSTODY_VERSION},
                         {"semanticVersion", CUSTODY_VERSION},
                         {"rules", sarif_rules()}};
    const Json invocation = {{"executionSuccessful", whole},
                             {"toolExecutionNotifications", sarif_notifications(report)}};
    Json run = {{"tool", {{"driver", driver}}},
                {"invocations", Json::array({invocation})},
                {"results", std::move(results)}};
    return json_document(Json{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                              {"version", "2.1.0"},
                              {"runs", Json::array({std::move(run)})}});
}

} // namespace custody::lint
