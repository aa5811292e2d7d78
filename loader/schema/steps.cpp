#include "loader/schema/steps.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace custody::schema {
namespace {

const std::map<std::string, Step, std::less<>> &table() {
    static const std::map<std::string, Step, std::less<>> steps{
        {"TABLE", {Role::relation, Phase::pre_data, "schema", ""}},
        {"VIEW", {Role::relation, Phase::pre_data, "schema", ""}},
        {"MATERIALIZED VIEW", {Role::relation, Phase::pre_data, "schema", ""}},
        {"FOREIGN TABLE", {Role::relation, Phase::pre_data, "schema", ""}},
        {"SEQUENCE", {Role::relation, Phase::pre_data, "schema", ""}},
        {"DEFAULT", {Role::hosted, Phase::pre_data, "schema", ""}},
        {"SEQUENCE OWNED BY", {Role::attached, Phase::pre_data, "schema", ""}},
        {"TABLE ATTACH", {Role::attached, Phase::pre_data, "schema", ""}},
        {"INDEX", {Role::hosted, Phase::index, "index", ""}},
        {"INDEX ATTACH", {Role::attached, Phase::constraint, "index", ""}},
        {"CONSTRAINT", {Role::hosted, Phase::constraint, "constraint", ""}},
        {"CHECK CONSTRAINT", {Role::hosted, Phase::constraint, "constraint", ""}},
        {"FK CONSTRAINT", {Role::attached, Phase::foreign_key, "foreign_key", ""}},
        {"STATISTICS", {Role::hosted, Phase::post, "schema", ""}},
        {"RULE", {Role::hosted, Phase::post, "schema", ""}},
        {"TRIGGER", {Role::hosted, Phase::post, "schema", ""}},
        {"POLICY", {Role::hosted, Phase::post, "schema", ""}},
        {"PUBLICATION", {Role::object, Phase::post, "schema", ""}},
        {"PUBLICATION TABLE", {Role::attached, Phase::post, "schema", ""}},
        {"PUBLICATION TABLES IN SCHEMA", {Role::attached, Phase::post, "schema", ""}},
        {"COMMENT", {Role::attached, Phase::post, "schema", ""}},
        {"SECURITY LABEL", {Role::attached, Phase::post, "schema", ""}},
        {"ACL", {Role::attached, Phase::post, "schema", ""}},
        {"DEFAULT ACL", {Role::attached, Phase::post, "schema", ""}},
        {"ROW SECURITY", {Role::hosted, Phase::row_security, "row_security", ""}},
        // A view without rows must not be filled before row security hides what it should.
        {"MATERIALIZED VIEW DATA", {Role::hosted, Phase::finish, "matview", ""}},
        {"EVENT TRIGGER", {Role::object, Phase::finish, "schema", ""}},
        {"SUBSCRIPTION",
         {Role::left_out, Phase::post, "schema", "a subscription would replicate into the target"}},
        {"SUBSCRIPTION TABLE",
         {Role::left_out, Phase::post, "schema", "a subscription would replicate into the target"}},
    };
    return steps;
}

bool is_own(const Entry &entry) {
    return entry.schema == "custody" ||
           (entry.tag == "custody" && (entry.desc == "SCHEMA" || entry.desc == "EXTENSION"));
}

} // namespace

Step step_of(const Entry &entry) {
    if (is_session(entry))
        return {Role::silent, Phase::pre_data, "schema", ""};
    if (is_about_database(entry))
        return {Role::left_out, Phase::post, "schema",
                "belongs to the source's database, not to what is in it"};
    if (is_own(entry))
        return {Role::left_out, Phase::pre_data, "schema",
                "the target has the extension custody of its own"};
    const auto known = table().find(entry.desc);
    if (known != table().end())
        return known->second;
    if (entry.section == kPreData)
        return {};
    if (entry.section == kPostData)
        return {Role::object, Phase::post, "schema", ""};
    return {Role::left_out, Phase::post, "schema", "holds data, which does not come from the dump"};
}

std::string describe(const Entry &entry) {
    std::string kind = entry.desc;
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return entry.schema.empty() ? fmt::format("{} {}", kind, entry.tag)
                                : fmt::format("{} {}.{}", kind, entry.schema, entry.tag);
}

} // namespace custody::schema
