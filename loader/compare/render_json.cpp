
#include "loader/compare/render.hpp"
#include "loader/core/json.hpp"

namespace custody::compare {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

const char *word(Change change) {
    return change == Change::missing ? "missing" : change == Change::extra ? "extra" : "different";
}

Json text_or_null(const Value &value) { return value ? Json(*value) : Json(nullptr); }

Json or_null(const std::string &text) { return text.empty() ? Json(nullptr) : Json(text); }

Json side(const Catalog &catalog) {
    return {{"description", catalog.description},
            {"server_version", version_text(catalog.version)},
            {"server_version_num", catalog.version},
            {"user", catalog.user}};
}

Json difference(const Difference &entry) {
    Json properties = Json::array();
    for (const auto &property : entry.properties)
        properties.push_back({{"property", property.property},
                              {"source", text_or_null(property.source)},
                              {"target", text_or_null(property.target)},
                              {"ignored", or_null(property.ignored)}});
    Json parts = Json::object();
    for (const auto &[kind, count] : entry.parts)
        parts[kind] = count;
    const bool on_source = entry.change != Change::extra;
    const bool on_target = entry.change != Change::missing;
    return {{"kind", entry.kind},
            {"name", shown(entry.name)},
            {"source", on_source ? Json(shown(entry.name)) : Json(nullptr)},
            {"target",
             on_target ? Json(shown(on_source ? entry.target_name : entry.name)) : Json(nullptr)},
            {"change", word(entry.change)},
            {"properties", std::move(properties)},
            {"parts", std::move(parts)},
            {"ignored", or_null(entry.ignored)}};
}

Json classes(const Comparison &comparison, const std::vector<std::string> &kinds) {
    Json result = Json::array();
    for (const auto &kind : kinds) {
        const auto found = comparison.classes.find(kind);
        const auto summary = found != comparison.classes.end() ? found->second : ClassSummary{};
        const int differing = summary.missing + summary.extra + summary.different;
        result.push_back({{"kind", kind},
                          {"verdict", differing > 0        ? "different"
                                      : summary.unverified ? "unverified"
                                                           : "equal"},
                          {"compared", summary.compared},
                          {"missing", summary.missing},
                          {"extra", summary.extra},
                          {"different", summary.different},
                          {"ignored", summary.ignored}});
    }
    return result;
}

} // namespace

std::string render_json(const Comparison &comparison, const std::vector<std::string> &kinds) {
    Json differing = Json::array();
    Json ignored = Json::array();
    for (const auto &entry : comparison.differences)
        (entry.ignored.empty() ? differing : ignored).push_back(difference(entry));
    Json unverified = Json::array();
    for (const auto &unread : comparison.unread)
        unverified.push_back(
            {{"kind", unread.kind}, {"side", unread.side}, {"reason", unread.reason}});
    Json patterns = Json::array();
    for (const auto &[pattern, used] : comparison.ignore_patterns)
        patterns.push_back({{"pattern", pattern}, {"used", used}});
    const std::string verdict = comparison.verdict();
    return json_document(Json{{"schema_version", kSchemaVersion},
                              {"generated_at", comparison.generated_at},
                              {"verdict", verdict},
                              {"headline", headline(comparison)},
                              {"exit_code", verdict == "equal" ? 0 : 5},
                              {"source", side(comparison.source)},
                              {"target", side(comparison.target)},
                              {"classes", classes(comparison, kinds)},
                              {"differences", std::move(differing)},
                              {"ignored", std::move(ignored)},
                              {"ignore_patterns", std::move(patterns)},
                              {"unverified", std::move(unverified)},
                              {"notes", comparison.notes}});
}

} // namespace custody::compare
