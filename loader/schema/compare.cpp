#include "loader/schema/compare.hpp"

#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "loader/schema/steps.hpp"

namespace custody::schema {
namespace {

using Key = std::tuple<std::string, std::string, std::string>;

/// Relations and indexes share their names, whatever their kind.
Key key_of(const Entry &entry) {
    static const std::set<std::string> relations{"TABLE",         "VIEW",     "MATERIALIZED VIEW",
                                                 "FOREIGN TABLE", "SEQUENCE", "INDEX"};
    return {relations.contains(entry.desc) ? "RELATION" : entry.desc, entry.schema, entry.tag};
}

/// Run again, they do no harm and leave what the source has.
bool repeatable(const Entry &entry) {
    static const std::set<std::string> kinds{
        "COMMENT",      "SECURITY LABEL",        "ACL", "DEFAULT ACL", "SEQUENCE OWNED BY",
        "ROW SECURITY", "MATERIALIZED VIEW DATA"};
    return kinds.contains(entry.desc);
}

/// Named once per database, and what is in them is compared by itself.
bool container(const Entry &entry) { return entry.desc == "SCHEMA" || entry.desc == "EXTENSION"; }

std::string shortened(const std::string &text) {
    constexpr std::size_t kLongest = 400;
    return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

plan::Finding differs(const Entry &source, const Entry &target) {
    return {"object-differs", plan::Severity::blocking, describe(source),
            fmt::format("the target has: {}\nthe source has: {}", shortened(target.definition),
                        shortened(source.definition)),
            "drop or rename the object on the target, leave it out of the selection, or use "
            "--no-schema for a target whose schema is meant to be another one"};
}

plan::Finding other_owner(const Entry &source, const Entry &target) {
    return {"owner-differs", plan::Severity::warning, describe(source),
            fmt::format("exists on the target, owned by \"{}\" instead of \"{}\"", target.owner,
                        source.owner),
            "change the owner by hand if that is not meant, or use --no-owner"};
}

} // namespace

Comparison compare(const std::vector<Entry> &source, const std::vector<bool> &kept,
                   const std::vector<Entry> &target, bool owners) {
    std::multimap<Key, const Entry *> there;
    for (const auto &entry : target)
        there.emplace(key_of(entry), &entry);
    Comparison result;
    result.presence.resize(source.size(), Presence::absent);
    for (std::size_t i = 0; i < source.size(); ++i) {
        const Entry &entry = source[i];
        const auto [first, last] = there.equal_range(key_of(entry));
        if (!kept[i] || first == last || entry.desc == "MATERIALIZED VIEW DATA")
            continue;
        const Entry *same = nullptr;
        for (auto at = first; at != last && same == nullptr; ++at)
            if (container(entry) ||
                (at->second->desc == entry.desc && at->second->definition == entry.definition))
                same = at->second;
        if (same != nullptr) {
            result.presence[i] = Presence::same;
            if (owners && !entry.owner.empty() && same->owner != entry.owner &&
                entry.tag != "public")
                result.findings.push_back(other_owner(entry, *same));
        } else if (!repeatable(entry)) {
            result.presence[i] = Presence::different;
            result.findings.push_back(differs(entry, *first->second));
        }
    }
    return result;
}

} // namespace custody::schema
