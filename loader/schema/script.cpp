#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "loader/schema/entry.hpp"

namespace custody::schema {
namespace {

constexpr std::string_view kHeader = "--\n-- TOC entry ";
constexpr std::string_view kEnd = "--\n-- PostgreSQL database dump complete\n--\n";

std::string header_of(const Entry &entry) {
    return fmt::format("{}{} (class {} OID {})\n", kHeader, entry.dump_id, entry.class_oid,
                       entry.oid);
}

/// The rest of a header: comment lines (names in them have no line breaks) and an empty line.
std::size_t after_header(std::string_view script, std::size_t at) {
    while (script.substr(at).starts_with("--")) {
        const auto end = script.find('\n', at);
        if (end == std::string_view::npos)
            return script.size();
        at = end + 1;
    }
    return at;
}

/// Removes a last line "SET name = ...;" with the empty line after it.
void cut_setting(std::string_view &text, std::string_view name) {
    const auto start = text.rfind(fmt::format("\nSET {} = ", name));
    if (start == std::string_view::npos)
        return;
    const auto end = text.find(";\n", start);
    if (end != std::string_view::npos &&
        text.find_first_not_of('\n', end + 1) == std::string_view::npos)
        text = text.substr(0, start + 1);
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    while (!text.empty() && text.front() == '\n')
        text.remove_prefix(1);
    return std::string(text);
}

std::string quoted(std::string_view name) {
    std::string text = "\"";
    for (const char c : name)
        text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + '"';
}

std::string own_settings(const Entry &entry) {
    std::string text;
    if (!entry.tablespace.empty())
        text += fmt::format("SET LOCAL default_tablespace = {};\n", quoted(entry.tablespace));
    if (!entry.access_method.empty())
        text += fmt::format("SET LOCAL default_table_access_method = {};\n",
                            quoted(entry.access_method));
    return text;
}

/// What follows the definition (ownership, mostly), without what the script prints in front of
/// the next entry.
std::string tail_of(std::string_view text) {
    cut_setting(text, "default_table_access_method");
    cut_setting(text, "default_tablespace");
    return trimmed(text);
}

std::string combine(const Entry &entry, std::string_view definition, std::string_view tail) {
    std::string body = trimmed(definition);
    const auto rest = tail_of(tail);
    if (!rest.empty())
        body += (body.empty() ? "" : "\n\n") + rest;
    return body.empty() ? body : own_settings(entry) + body;
}

/// Where the script of the last entry ends.
std::size_t end_of(std::string_view script) {
    const auto end = script.rfind(kEnd);
    if (end == std::string_view::npos)
        return script.size();
    // --verbose prints when it completed.
    const auto completed = script.rfind("\n-- Completed on ", end);
    const auto line = script.substr(0, end).rfind("\n-- ");
    return completed != std::string_view::npos && completed == line ? completed + 1 : end;
}

} // namespace

bool split_script(std::string_view script, std::vector<Entry> &entries) {
    std::map<int, Entry *> by_id;
    for (auto &entry : entries) {
        entry.sql.clear();
        by_id[entry.dump_id] = &entry;
    }
    script = script.substr(0, end_of(script));
    std::set<int> seen;
    const auto next_header = [&](std::size_t from) {
        auto at = script.find(fmt::format("\n{}", kHeader), from);
        return at == std::string_view::npos ? script.size() : at + 1;
    };
    std::size_t at = next_header(0);
    while (at < script.size()) {
        const auto number = script.substr(at + kHeader.size());
        const int id = std::atoi(std::string(number.substr(0, 12)).c_str());
        const auto found = by_id.find(id);
        if (found == by_id.end() || !script.substr(at).starts_with(header_of(*found->second)) ||
            !seen.insert(id).second)
            return false;
        Entry &entry = *found->second;
        const auto start = after_header(script, at);
        std::size_t body = script.find_first_not_of('\n', start);
        if (body == std::string_view::npos)
            body = script.size();
        const auto definition = trimmed(entry.definition);
        const bool verbatim = script.substr(body).starts_with(definition);
        const auto past = body + (verbatim ? definition.size() : 0);
        at = next_header(past > 0 ? past - 1 : 0);
        entry.sql =
            combine(entry, script.substr(body, past - body), script.substr(past, at - past));
    }
    for (const auto &entry : entries)
        if (!entry.definition.empty() && !seen.contains(entry.dump_id) && !is_session(entry) &&
            !is_about_database(entry))
            return false;
    return true;
}

std::string script_of_one(std::string_view script, const Entry &entry) {
    script = script.substr(0, end_of(script));
    const auto header = script.find("\n--\n-- Name: ");
    if (header == std::string_view::npos)
        return "";
    const auto start = after_header(script, header + 1);
    return combine(entry, "", script.substr(start));
}

} // namespace custody::schema
