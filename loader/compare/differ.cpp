#include "loader/compare/differ.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "loader/compare/scope.hpp"
#include "loader/compare/secrets.hpp"
#include "loader/compare/sql_text.hpp"

namespace custody::compare {
namespace {

using Place = std::pair<std::string, std::string>; // schema, relation

/// Options and settings may hold passwords; what else the catalogs show is no secret.
bool hides_secret(const std::string &kind, const Name &name, const PropertyDifference &entry) {
    const bool setting = kind == "setting" || entry.property.starts_with("setting ");
    if (!setting && entry.property.find("option ") == std::string::npos)
        return false;
    const auto &about = kind == "setting" ? name.suffix : entry.property;
    return is_secret(about, entry.source.value_or("")) ||
           is_secret(about, entry.target.value_or(""));
}

/// Secrets are compared, and only told to differ. Quotes that no name needs are left out, unless
/// that makes two different texts look the same.
void make_presentable(const std::string &kind, const Name &name, PropertyDifference &entry) {
    auto &[property, source, target, ignored] = entry;
    if (hides_secret(kind, name, entry)) {
        const bool both = source && target;
        if (source)
            source = "(hidden)";
        if (target)
            target = both ? "(hidden, another one)" : "(hidden)";
    } else if (is_sql(property)) {
        const Value left = source ? Value(readable(*source)) : std::nullopt;
        const Value right = target ? Value(readable(*target)) : std::nullopt;
        if (left != right) {
            source = left;
            target = right;
        }
    }
}

bool same(const std::string &property, const Value &source, const Value &target) {
    if (source == target)
        return true;
    return source && target && is_sql(property) && canonical(*source) == canonical(*target);
}

class Differ {
  public:
    Differ(Objects source, Objects target, IgnoreList &ignore, Comparison &result)
        : source_(std::move(source)), target_(std::move(target)), ignore_(ignore), result_(result) {
    }

    void compare(const std::string &kind) {
        for (auto &[name, object] : source_[kind]) {
            const auto found = target_[kind].find(name);
            if (found == target_[kind].end())
                lonely(kind, name, object, Change::missing, source_, target_);
            else
                both(kind, name, object, found->second);
        }
        for (auto &[name, object] : target_[kind])
            if (!source_[kind].contains(name))
                lonely(kind, name, object, Change::extra, target_, source_);
    }

  private:
    static bool is_part(const std::string &kind) {
        return kind == "column" || kind == "constraint" || kind == "index" || kind == "trigger" ||
               kind == "rule" || kind == "policy";
    }

    /// Kind of the relation at this place; "" when there is none.
    static std::string relation_at(const Objects &objects, const Place &place) {
        for (const char *kind : {"table", "foreign table", "view", "materialized view"})
            if (const auto all = objects.find(kind);
                all != objects.end() &&
                all->second.contains(Name{place.first, place.second, "", ""}))
                return kind;
        return "";
    }

    /// The relation that an object would be dropped with, when it is not on the other side.
    static std::string gone_with(const std::string &kind, const Name &name, const Object &object,
                                 const Objects &here, const Objects &there, Place &place) {
        place = {name.schema, name.relation};
        if (!is_part(kind)) {
            const auto relation = object.facts.find("relation");
            if (relation == object.facts.end() || !relation->second)
                return "";
            place = {object.facts.at("schema").value_or(""), *relation->second};
        }
        const std::string owner = relation_at(here, place);
        return owner.empty() || relation_at(there, place) == owner ? "" : owner;
    }

    void lonely(const std::string &kind, const Name &name, const Object &object, Change change,
                const Objects &here, const Objects &there) {
        Place place;
        const auto owner = gone_with(kind, name, object, here, there, place);
        if (const auto found = lonely_.find({owner, change, place}); found != lonely_.end()) {
            ++result_.differences[found->second].parts[kind];
            return;
        }
        Difference difference;
        difference.kind = kind;
        difference.name = object.name;
        difference.target_name = name;
        difference.change = change;
        difference.ignored = ignore_.match(kind, shown(object.name), "");
        auto &summary = result_.classes[kind];
        if (!difference.ignored.empty())
            ++summary.ignored;
        else
            ++(change == Change::missing ? summary.missing : summary.extra);
        if (name.name.empty())
            lonely_[{kind, change, {name.schema, name.relation}}] = result_.differences.size();
        result_.differences.push_back(std::move(difference));
    }

    void both(const std::string &kind, const Name &name, Object &source, Object &target) {
        auto &summary = result_.classes[kind];
        ++summary.compared;
        Difference difference;
        for (const auto &[property, value] : target.properties)
            source.properties.try_emplace(property);
        for (const auto &[property, value] : source.properties) {
            const auto found = target.properties.find(property);
            const Value other = found != target.properties.end() ? found->second : std::nullopt;
            if (same(property, value, other))
                continue;
            PropertyDifference entry{is_sql(property) ? readable(property) : property, value, other,
                                     ""};
            entry.ignored = ignore_.match(kind, shown(source.name), entry.property);
            make_presentable(kind, name, entry);
            difference.properties.push_back(std::move(entry));
        }
        if (difference.properties.empty())
            return;
        difference.kind = kind;
        difference.name = source.name;
        difference.target_name = name;
        const bool all = std::all_of(difference.properties.begin(), difference.properties.end(),
                                     [](const auto &entry) { return !entry.ignored.empty(); });
        if (all)
            difference.ignored = difference.properties.front().ignored;
        ++(all ? summary.ignored : summary.different);
        result_.differences.push_back(std::move(difference));
    }

    Objects source_, target_;
    /// Missing and extra objects among the differences, by kind and place.
    std::map<std::tuple<std::string, Change, Place>, std::size_t> lonely_;
    IgnoreList &ignore_;
    Comparison &result_;
};

} // namespace

Comparison differences(Catalog source, Catalog target, const std::vector<std::string> &kinds,
                       IgnoreList &ignore) {
    Comparison result;
    for (const auto *catalog : {&source, &target}) {
        result.unread.insert(result.unread.end(), catalog->unread.begin(), catalog->unread.end());
        result.notes.insert(result.notes.end(), catalog->notes.begin(), catalog->notes.end());
    }
    for (const auto &unread : result.unread)
        result.classes[unread.kind].unverified = true;
    Differ differ(std::move(source.objects), std::move(target.objects), ignore, result);
    for (const auto &kind : kinds)
        if (!source.failed.contains(kind) && !target.failed.contains(kind))
            differ.compare(kind);
    result.ignore_patterns = ignore.uses();
    for (const auto &[pattern, used] : result.ignore_patterns)
        if (used == 0)
            result.notes.push_back(fmt::format("no difference fits --ignore \"{}\"", pattern));
    result.source = std::move(source);
    result.target = std::move(target);
    result.source.objects.clear();
    result.target.objects.clear();
    return result;
}

} // namespace custody::compare
