
#include "loader/core/json.hpp"
#include "loader/report/differences.hpp"
#include "loader/verify/render.hpp"

namespace custody::verify {
namespace {

using nlohmann::json;

constexpr int kSchemaVersion = 2;
constexpr Way kWays[] = {Way::stored, Way::extension, Way::sql, Way::stream};

template <typename Value> json optional_json(const std::optional<Value> &value) {
    return value ? json(*value) : json(nullptr);
}

json text_or_null(const std::string &text) { return text.empty() ? json(nullptr) : json(text); }

json to_json(const Ways &ways) {
    return {{"source", std::string(way_name(ways.source))},
            {"target", std::string(way_name(ways.target))},
            {"profile", std::string(digest::profile_name(ways.profile))},
            {"form", std::string(wire::form_name(ways.form))},
            {"encoding_version", digest::kEncodingVersion},
            {"buckets", ways.buckets},
            {"why", ways.why}};
}

Way way_from(const std::string &name) {
    for (const Way way : kWays)
        if (way_name(way) == name)
            return way;
    return Way::stream;
}

Ways ways_from_json(const json &j) {
    Ways ways;
    ways.source = way_from(j.at("source"));
    ways.target = way_from(j.at("target"));
    ways.profile = digest::profile_from_name(j.at("profile").get<std::string>());
    ways.form = wire::form_from_name(j.at("form").get<std::string>());
    ways.buckets = j.at("buckets");
    ways.why = j.at("why");
    return ways;
}

std::string text_of(const json &j) { return j.is_null() ? "" : j.get<std::string>(); }

std::optional<std::int64_t> number_of(const json &j) {
    return j.is_null() ? std::nullopt : std::optional(j.get<std::int64_t>());
}

json server_json(const plan::Server &server) {
    return {{"description", server.description},
            {"identity", server.identity},
            {"server_version_num", server.version}};
}

json side_json(const SideFacts &side) {
    auto j = server_json(side.server);
    j["snapshot"] = side.snapshot.lsn.empty() ? json(nullptr)
                                              : json{{"lsn", side.snapshot.lsn},
                                                     {"bounds", side.snapshot.bounds},
                                                     {"taken_at", side.snapshot.taken_at}};
    return j;
}

std::string dumped(const json &j) { return json_document(j); }

} // namespace

json to_json(const Comparison &comparison) {
    return {{"type", comparison.type},
            {"name", comparison.name},
            {"target_name", text_or_null(comparison.target_name)},
            {"verdict", comparison.verdict},
            {"reason", comparison.reason},
            {"source", comparison.source},
            {"target", comparison.target},
            {"source_rows", optional_json(comparison.source_rows)},
            {"target_rows", optional_json(comparison.target_rows)},
            {"ways", comparison.ways ? to_json(*comparison.ways) : json(nullptr)},
            {"differing_buckets", comparison.differing_buckets},
            {"source_lsn", text_or_null(comparison.source_lsn)},
            {"target_lsn", text_or_null(comparison.target_lsn)},
            {"verified_at", text_or_null(comparison.verified_at)},
            {"from_checkpoint", comparison.from_checkpoint}};
}

Comparison comparison_from_json(const json &j) {
    Comparison comparison;
    comparison.type = j.at("type");
    comparison.name = j.at("name");
    comparison.target_name = text_of(j.at("target_name"));
    comparison.verdict = j.at("verdict");
    comparison.reason = j.at("reason");
    comparison.source = j.at("source");
    comparison.target = j.at("target");
    comparison.source_rows = number_of(j.at("source_rows"));
    comparison.target_rows = number_of(j.at("target_rows"));
    if (!j.at("ways").is_null())
        comparison.ways = ways_from_json(j.at("ways"));
    comparison.differing_buckets = j.at("differing_buckets");
    comparison.source_lsn = text_of(j.at("source_lsn"));
    comparison.target_lsn = text_of(j.at("target_lsn"));
    comparison.verified_at = text_of(j.at("verified_at"));
    return comparison;
}

std::string render_json(const Verification &verification) {
    json objects = json::array();
    for (const auto &object : verification.objects) {
        objects.push_back(to_json(object));
        objects.back()["differences"] =
            object.differences ? report::differences_json(*object.differences) : json(nullptr);
    }
    return dumped({{"schema_version", kSchemaVersion},
                   {"verdict", std::string(verification.verdict())},
                   {"source", side_json(verification.source)},
                   {"target", side_json(verification.target)},
                   {"checkpoint", text_or_null(verification.checkpoint)},
                   {"objects", std::move(objects)},
                   {"not_compared", verification.not_compared}});
}

std::string describe_json(const Scope &scope) {
    json tables = json::array();
    for (const auto &item : scope.items)
        tables.push_back({{"source", item.table.schema + "." + item.table.name},
                          {"target", item.table.target_schema + "." + item.table.target_name},
                          {"estimated_rows", item.table.estimated_rows},
                          {"condition", text_or_null(item.condition)},
                          {"ways", to_json(item.ways)},
                          {"impossible", text_or_null(item.ways.impossible)}});
    json told = json::array();
    for (const auto &object : scope.told)
        told.push_back(to_json(object));
    return dumped({{"schema_version", kSchemaVersion},
                   {"source", server_json(scope.source)},
                   {"target", server_json(scope.target)},
                   {"tables", std::move(tables)},
                   {"told", std::move(told)},
                   {"not_compared", scope.not_compared}});
}

} // namespace custody::verify
