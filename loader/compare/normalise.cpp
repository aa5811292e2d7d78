#include "loader/compare/normalise.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "loader/compare/sql_text.hpp"

namespace custody::compare {
namespace {

int major(const Catalog &catalog) { return catalog.version / 10000; }

/// True when one side is older than `version` and the other is not.
bool straddle(const Catalog &a, const Catalog &b, int version) {
    return (major(a) < version) != (major(b) < version);
}

Value fact(const Object &object, const std::string &name) {
    const auto found = object.facts.find(name);
    return found != object.facts.end() ? found->second : std::nullopt;
}

template <typename Work>
void for_both(Catalog &a, Catalog &b, const std::string &kind, Work &&work) {
    auto &others = b.objects[kind];
    for (auto &[name, object] : a.objects[kind])
        if (const auto found = others.find(name); found != others.end())
            work(object, found->second);
}

/// 18 keeps not-null constraints as objects; before, and still, the column says it.
void not_null_constraints(Catalog &source, Catalog &target) {
    if (major(source) >= 18 && major(target) >= 18)
        return;
    for (auto *catalog : {&source, &target})
        std::erase_if(catalog->objects["constraint"],
                      [](const auto &entry) { return fact(entry.second, "type") == "n"; });
}

/// 17 has MAINTAIN. Before it owners had that right unasked, and GRANT ALL meant the other seven.
void maintain(Catalog &catalog) {
    static constexpr std::array kOthers{"DELETE",  "INSERT",   "REFERENCES", "SELECT",
                                        "TRIGGER", "TRUNCATE", "UPDATE"};
    for (auto &[kind, objects] : catalog.objects) {
        for (auto &[name, object] : objects) {
            for (auto &[property, value] : object.properties) {
                const auto at = value && property.starts_with("grants to ")
                                    ? value->find("MAINTAIN")
                                    : std::string::npos;
                const bool implied =
                    property == "grants to (owner)" ||
                    (at != std::string::npos &&
                     std::all_of(kOthers.begin(), kOthers.end(),
                                 [&value = value](const char *privilege) {
                                     return value->find(privilege) != std::string::npos;
                                 }));
                if (at == std::string::npos || !implied)
                    continue;
                const auto end = value->find(", ", at);
                value->erase(at, end == std::string::npos ? end : end + 2 - at);
                if (value->ends_with(", "))
                    value->resize(value->size() - 2);
            }
        }
    }
}

/// 15 made public belong to pg_database_owner, and lets not everybody create objects in it. Owner
/// and grants as initdb made them are the same; what somebody changed is compared.
void public_schema(Catalog &source, Catalog &target) {
    if (!straddle(source, target, 15))
        return;
    for_both(source, target, "schema", [&](Object &a, Object &b) {
        if (a.name.schema != "public" || b.name.schema != "public")
            return;
        Object &older = major(source) < 15 ? a : b;
        Object &newer = major(source) < 15 ? b : a;
        auto &owner = newer.properties["owner"];
        auto &rights = older.properties["grants to PUBLIC"];
        const auto &now = newer.properties["grants to PUBLIC"];
        if (owner == "pg_database_owner" && fact(older, "first owner") == "true")
            owner = older.properties["owner"];
        if (fact(older, "initial") == "true" && rights == "CREATE, USAGE" && now == "USAGE")
            rights = now;
    });
}

/// Before 16 a view's definition names its only table in front of each column.
void views(Catalog &source, Catalog &target) {
    if (!straddle(source, target, 16))
        return;
    for (const char *kind : {"view", "materialized view"})
        for_both(source, target, kind, [&](Object &a, Object &b) {
            auto &older = (major(source) < 16 ? a : b).properties["definition"];
            const auto &newer = (major(source) < 16 ? b : a).properties["definition"];
            if (older && newer && *older != *newer && same_view(*older, *newer))
                older = newer;
        });
}

/// Ranges have multiranges from 14 on.
void multiranges(Catalog &source, Catalog &target) {
    if (!straddle(source, target, 14))
        return;
    for (auto *catalog : {&source, &target})
        for (auto &[name, range] : catalog->objects["range"])
            range.properties["multirange"] = std::nullopt;
}

/// Roles that one side has nothing to do with are looked at when the other has; their settings too.
void roles(Catalog &source, Catalog &target) {
    if (source.failed.contains("role") || target.failed.contains("role"))
        return;
    const auto concerned = [&](const Catalog &catalog, const Name &name) {
        const auto roles = catalog.objects.find("role");
        if (roles == catalog.objects.end())
            return false;
        const auto found = roles->second.find(name);
        return found != roles->second.end() && fact(found->second, "concerned") == "true";
    };
    std::set<Name> strangers;
    for (auto *catalog : {&source, &target})
        for (const auto &[name, role] : catalog->objects["role"])
            strangers.insert(name);
    std::erase_if(strangers, [&](const Name &name) {
        return concerned(source, name) || concerned(target, name);
    });
    for (auto *catalog : {&source, &target}) {
        for (const auto &name : strangers)
            catalog->objects["role"].erase(name);
        std::erase_if(catalog->objects["setting"], [&](const auto &entry) {
            const auto role = fact(entry.second, "role");
            return role && strangers.contains(Name{"", "", *role, ""});
        });
    }
}

/// C.UTF-8 and C.utf8 are one locale.
std::string locale(const std::string &name) {
    const auto dot = name.find('.');
    if (dot == std::string::npos)
        return name;
    std::string result = name.substr(0, dot);
    for (const char c : name.substr(dot))
        if (c != '-')
            result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

void locales(Catalog &source, Catalog &target) {
    for (auto &[kind, property] : {std::pair("database", "collation"),
                                   {"database", "character type"},
                                   {"collation", "locale"},
                                   {"collation", "character type"}})
        for_both(source, target, kind, [property = property](Object &a, Object &b) {
            auto &left = a.properties[property];
            const auto &right = b.properties[property];
            if (left && right && locale(*left) == locale(*right))
                left = right;
        });
}

/// The server's own collations are looked at for their versions. One that is used on one side only
/// is told by the column that uses it.
void own_collations(Catalog &source, Catalog &target) {
    auto &ours = source.objects["collation"];
    auto &theirs = target.objects["collation"];
    const auto lonely = [](const auto &others) {
        return [&others](const auto &entry) {
            return entry.first.schema == "pg_catalog" && !others.contains(entry.first);
        };
    };
    std::erase_if(ours, lonely(theirs));
    std::erase_if(theirs, lonely(ours));
}

/// What the database or the role sets for this session hides what the server has.
void server_settings(Catalog &source, Catalog &target, std::vector<std::string> &notes) {
    auto &ours = source.objects["server setting"];
    auto &theirs = target.objects["server setting"];
    for (auto at = ours.begin(); at != ours.end();) {
        const auto found = theirs.find(at->first);
        const bool here = fact(at->second, "overridden") == "true";
        const bool there = found != theirs.end() && fact(found->second, "overridden") == "true";
        if (!here && !there && found != theirs.end()) {
            ++at;
            continue;
        }
        if (here || there)
            notes.push_back(fmt::format("not compared: {} of the servers; the {}'s is hidden by a "
                                        "setting of the database, the role or the connection",
                                        at->first.suffix, here ? "source" : "target"));
        if (found != theirs.end())
            theirs.erase(found);
        at = ours.erase(at);
    }
    std::erase_if(theirs, [&](const auto &entry) { return !ours.contains(entry.first); });
}

/// What one side could not read is not compared; that it was not is in Catalog::unread.
void unreadable(Catalog &source, Catalog &target) {
    for_both(source, target, "sequence", [](Object &a, Object &b) {
        if (a.properties.contains("last value") && b.properties.contains("last value"))
            return;
        for (auto *object : {&a, &b}) {
            object->properties.erase("last value");
            object->properties.erase("is called");
        }
    });
    for_both(source, target, "user mapping", [](Object &a, Object &b) {
        if (fact(a, "hidden") != "true" && fact(b, "hidden") != "true")
            return;
        a.properties.clear();
        b.properties.clear();
    });
}

using Columns = std::map<std::pair<std::string, std::string>, std::map<std::string, std::string>>;

/// The columns that both sides have, in their order: by schema and relation, position and name.
/// What comes from parents has no position: its place among a child's own is not kept by a dump.
Columns shared_columns(Catalog &catalog, Catalog &other) {
    Columns columns;
    for_both(catalog, other, "column", [&](Object &column, Object &twin) {
        const auto position = fact(column, "position");
        if (position && fact(twin, "position"))
            columns[{column.name.schema, column.name.relation}].emplace(*position,
                                                                        column.name.name);
    });
    return columns;
}

/// INSERT and COPY without a list of columns depend on it. A column more or less is no other order.
void column_order(Catalog &source, Catalog &target) {
    const auto ours = shared_columns(source, target);
    const auto theirs = shared_columns(target, source);
    const auto listed = [](const Columns &all, const Name &table) {
        std::string text;
        if (const auto found = all.find({table.schema, table.relation}); found != all.end())
            for (const auto &[position, name] : found->second)
                text += (text.empty() ? "" : ", ") + readable_name(name);
        return text;
    };
    for (const char *kind : {"table", "foreign table"})
        for_both(source, target, kind, [&](Object &a, Object &b) {
            a.properties["column order"] = listed(ours, a.name);
            b.properties["column order"] = listed(theirs, b.name);
        });
}

} // namespace

void normalise(Catalog &source, Catalog &target) {
    not_null_constraints(source, target);
    if (straddle(source, target, 17))
        maintain(major(source) < 17 ? target : source);
    public_schema(source, target);
    views(source, target);
    multiranges(source, target);
    roles(source, target);
    locales(source, target);
    own_collations(source, target);
    column_order(source, target);
    server_settings(source, target, source.notes);
    unreadable(source, target);
}

} // namespace custody::compare
