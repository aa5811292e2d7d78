#include "loader/schema/steps.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace custody::schema {
namespace {

const std::map<std::string, Step, std::less<>> &table() {
    static const std::map<std::string, Step, std::less<>> steps{
        {"TABLE", {Place::relation, Phase::pre_data, "schema", ""}},
        {"VIEW", {Place::relation, Phase::pre_data, "schema", ""}},
        {"MATERIALIZED VIEW", {Place::relation, Phase::pre_data, "schema", ""}},
        {"FOREIGN TABLE", {Place::relation, Phase::pre_data, "schema", ""}},
        {"SEQUENCE", {Place::relation, Phase::pre_data, "schema", ""}},
        {"DEFAULT", {Place::hosted, Phase::pre_data, "schema", ""}},
        {"SEQUENCE OWNED BY", {Place::attached, Phase::pre_data, "schema", ""}},
        {"TABLE ATTACH", {Place::attached, Phase::pre_data, "schema", ""}},
        {"INDEX", {Place::hosted, Phase::index, "index", ""}},
        {"INDEX ATTACH", {Place::attached, Phase::constraint, "index", ""}},
        {"CONSTRAINT", {Place::hosted, Phase::constraint, "constraint", ""}},
        {"CHECK CONSTRAINT", {Place::hosted, Phase::constraint, "constraint", ""}},
        {"FK CONSTRAINT", {Place::attached, Phase::foreign_key, "foreign_key", ""}},
        {"STATISTICS", {Place::hosted, Phase::post, "schema", ""}},
        {"RULE", {Place::hosted, Phase::post, "schema", ""}},
        {"TRIGGER", {Place::hosted, Phase::post, "schema", ""}},
        {"POLICY", {Place::hosted, Phase::post, "schema", ""}},
        {"PUBLICATION", {Place::object, Phase::post, "schema", ""}},
        {"PUBLICATION TABLE", {Place::attached, Phase::post, "schema", ""}},
        {"PUBLICATION TABLES IN SCHEMA", {Place::attached, Phase::post, "schema", ""}},
        {"COMMENT", {Place::attached, Phase::post, "schema", ""}},
        {"SECURITY LABEL", {Place::attached, Phase::post, "schema", ""}},
        {"ACL", {Place::attached, Phase::post, "schema", ""}},
        {"DEFAULT ACL", {Place::object, Phase::post, "schema", ""}},
        {"ROW SECURITY", {Place::hosted, Phase::row_security, "row_security", ""}},
        // A view without rows must not be filled before row security hides what it should.
        {"MATERIALIZED VIEW DATA", {Place::hosted, Phase::finish, "matview", ""}},
        {"EVENT TRIGGER", {Place::object, Phase::finish, "schema", ""}},
        {"SUBSCRIPTION",
         {Place::left_out, Phase::post, "schema",
          "a subscription would replicate into the target"}},
        {"SUBSCRIPTION TABLE",
         {Place::left_out, Phase::post, "schema",
          "a subscription would replicate into the target"}},
    };
    return steps;
}

bool is_own(const Entry &entry) {
    return entry.schema == "custody" || entry.schema == "custody_ledger" ||
           (entry.tag == "custody" && (entry.desc == "SCHEMA" || entry.desc == "EXTENSION"));
}

// What records tables: made anew with the ledger, where that is moved.
bool is_of_ledger(const Entry &entry) {
    if (entry.desc == "EVENT TRIGGER")
        return entry.tag.starts_with("custody_audit_");
    return entry.desc == "TRIGGER" && (entry.tag.ends_with(" custody_capture") ||
                                       entry.tag.find(" custody_truncate_") != std::string::npos ||
                                       entry.tag.find(" custody_hold_") != std::string::npos);
}

} // namespace

Step step_of(const Entry &entry) {
    // The database is there already; its settings, comment and privileges are tasks of their own.
    if (is_about_database(entry) && entry.desc == "SECURITY LABEL")
        return {Place::left_out, Phase::post, "schema",
                "belongs to the source's database, not to what is in it"};
    if (is_session(entry) || is_about_database(entry))
        return {Place::silent, Phase::pre_data, "schema", ""};
    if (is_own(entry))
        return {Place::left_out, Phase::pre_data, "schema",
                "the target has the extension custody of its own"};
    if (is_of_ledger(entry))
        return {Place::left_out, Phase::post, "schema",
                "records tables for the audit ledger, and comes with it where that is moved"};
    const auto known = table().find(entry.desc);
    if (known != table().end())
        return known->second;
    if (entry.section == kPreData)
        return {};
    if (entry.section == kPostData)
        return {Place::object, Phase::post, "schema", ""};
    return {Place::left_out, Phase::post, "schema",
            "holds data, which does not come from the dump"};
}

bool is_grant_of_custody(const Entry &entry) { return entry.desc == "ACL" && is_own(entry); }

std::string describe(const Entry &entry) {
    std::string kind = entry.desc;
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return entry.schema.empty() ? fmt::format("{} {}", kind, entry.tag)
                                : fmt::format("{} {}.{}", kind, entry.schema, entry.tag);
}

} // namespace custody::schema
