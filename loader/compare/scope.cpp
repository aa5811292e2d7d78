#include "loader/compare/scope.hpp"

#include <algorithm>
#include <array>

#include "loader/cli/names.hpp"
#include "loader/compare/sql_text.hpp"

namespace custody::compare {
namespace {

cli::Options turned_round(cli::Options options) {
    for (auto &mapping : options.mappings)
        std::swap(mapping.from, mapping.to);
    return options;
}

bool is_relation(const std::string &kind) {
    return kind == "table" || kind == "foreign table" || kind == "view" ||
           kind == "materialized view" || kind == "sequence";
}

Value fact(const Object &object, const std::string &name) {
    const auto found = object.facts.find(name);
    return found != object.facts.end() ? found->second : std::nullopt;
}

} // namespace

bool is_sql(const std::string &property) {
    static constexpr std::array kWritten{"comment", "comment on ",   "security label ", "body",
                                         "option ", "toast option ", "setting ",        "value",
                                         "labels",  "grants ",       "foreign option ", "owner",
                                         "roles",   "options",       "member of "};
    return std::none_of(kWritten.begin(), kWritten.end(), [&](const std::string &written) {
        return written.back() == ' ' ? property.starts_with(written) : property == written;
    });
}

Scope::Scope(const cli::Options &options)
    : selection_(options), back_(turned_round(options)),
      whole_database_(options.schemas.empty() && options.tables.empty()),
      maps_(!options.mappings.empty()) {
    for (const auto &mapping : options.mappings) {
        const auto from = cli::split_name(mapping.from);
        const auto to = cli::split_name(mapping.to);
        if (from.size() == 2 && from[1] != to[1])
            tables_.emplace_back(from[1], to[1]);
    }
}

plan::Lineage Scope::lineage(const Catalog &catalog, const std::string &schema,
                             const std::string &relation, const plan::Selection *back) const {
    const auto named = [&](const std::string &s, const std::string &r) {
        return back != nullptr ? back->target(s, r) : std::pair(s, r);
    };
    plan::Lineage lineage;
    std::tie(lineage.schema, lineage.name) = named(schema, relation);
    if (const auto found = catalog.ancestors.find({schema, relation});
        found != catalog.ancestors.end())
        for (const auto &[s, r] : found->second)
            lineage.ancestors.push_back(named(s, r));
    return lineage;
}

bool Scope::includes(const Catalog &catalog, const Object &object,
                     const plan::Selection *back) const {
    const Name &name = object.name;
    if (name.schema.empty())
        return whole_database_;
    const auto owner = fact(object, "relation");
    const bool with_owner =
        owner &&
        selection_.includes(lineage(catalog, fact(object, "schema").value_or(""), *owner, back));
    if (!name.relation.empty())
        return with_owner ||
               selection_.includes(lineage(catalog, name.schema, name.relation, back));
    if (owner)
        return with_owner;
    return selection_.includes_schema(back != nullptr ? back->target_schema(name.schema)
                                                      : name.schema);
}

void Scope::narrow(Catalog &source, Catalog &target) const {
    std::vector<plan::Lineage> relations;
    for (auto *catalog : {&source, &target}) {
        const auto *back = catalog == &target ? &back_ : nullptr;
        for (auto &[kind, objects] : catalog->objects) {
            if (is_relation(kind))
                for (const auto &[name, object] : objects)
                    relations.push_back(lineage(*catalog, name.schema, name.relation, back));
            std::erase_if(objects, [&](const auto &entry) {
                return !includes(*catalog, entry.second, back);
            });
        }
    }
    selection_.require_matches(relations);
}

Name Scope::on_target(const Name &name) const {
    if (!maps_)
        return name;
    Name result = name;
    if (!name.relation.empty())
        std::tie(result.schema, result.relation) = selection_.target(name.schema, name.relation);
    else if (!name.schema.empty())
        result.schema = selection_.target_schema(name.schema);
    result.suffix = text_on_target(name.suffix);
    return result;
}

std::string Scope::text_on_target(const std::string &sql) const {
    return renamed(sql, [&](const std::string &schema, const std::string &name) {
        auto target = selection_.target(schema, name);
        // In a view a column stands behind the bare name of its table.
        if (target == std::pair(schema, name))
            for (const auto &[from, to] : tables_)
                if (schema == from)
                    target.first = to;
        return target;
    });
}

void Scope::rename(Objects &source) const {
    if (!maps_)
        return;
    for (auto &[kind, objects] : source) {
        std::map<Name, Object> named;
        for (auto &[name, object] : objects) {
            std::map<std::string, Value> properties;
            for (auto &[property, value] : object.properties)
                properties[text_on_target(property)] =
                    value && is_sql(property) ? text_on_target(*value) : value;
            object.properties = std::move(properties);
            named.emplace(on_target(name), std::move(object));
        }
        objects = std::move(named);
    }
}

} // namespace custody::compare
