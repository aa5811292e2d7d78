#include "loader/plan/columns.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/plan/finding_codes.hpp"

namespace custody::plan {
namespace {

void require_text(Table &table, const std::string &column, const std::string &why) {
    if (why.empty() || table.form == wire::Form::text)
        return;
    table.form = wire::Form::text;
    table.form_reason = fmt::format("column {}: {}", column, why);
}

GeneratedColumn generated(const Attribute &attribute, const Types &types) {
    return {attribute.name, attribute.expression, attribute.formatted,
            types.any(attribute.type,
                      [](const Type &type) { return type.kind == Type::Kind::composite; })};
}

std::string why_text_in_future(const Types &types, Oid type, const FutureTarget &target) {
    std::string why = types.why_text(type);
    if (!why.empty() || target.version == 0)
        return why;
    types.any(type, [&](const Type &part) {
        if (part.extension.empty())
            return false;
        const auto found = target.extensions.find(part.extension);
        if (found == target.extensions.end())
            why = fmt::format("type {} needs extension {}, which the target lacks", part.formatted,
                              part.extension);
        else if (found->second != part.extension_version)
            why =
                fmt::format("type {} is of extension {} {} on the source, {} on the target",
                            part.formatted, part.extension, part.extension_version, found->second);
        return !why.empty();
    });
    return !why.empty() ? why : why_text_for_version(types, type, target.version);
}

const Attribute *find(const std::vector<Attribute> &attributes, const std::string &name) {
    const auto found = std::find_if(attributes.begin(), attributes.end(),
                                    [&](const Attribute &a) { return a.name == name; });
    return found != attributes.end() ? &*found : nullptr;
}

std::string object(const Table &table, const std::string &column) {
    return table.schema + "." + table.name + "." + column;
}

Finding missing(const Table &table, const Attribute &column) {
    return make_finding("column-missing", object(table, column.name),
                        fmt::format("table {}.{} on the target has no such column",
                                    table.target_schema, table.target_name));
}

Finding misfit(const Table &table, const Attribute &source, const Attribute &target) {
    return make_finding("column-type", object(table, source.name),
                        fmt::format("type {} on the source does not fit type {} on the target "
                                    "without the risk of loss",
                                    source.formatted, target.formatted));
}

Finding required(const Table &table, const Attribute &target) {
    return make_finding("column-required", object(table, target.name),
                        fmt::format("the column of {}.{} on the target is NOT NULL without a "
                                    "default, and the source has no such column",
                                    table.target_schema, table.target_name));
}

/// False when the column cannot be copied.
bool fit_column(Column &column, const Attribute &source, const Attribute &target,
                const TypePairs &pairs, const std::map<std::string, std::string> &casts) {
    const Fit fit = pairs.fit(source, target);
    column.cast = fit.cast;
    if (fit.kind != Fit::Kind::refused)
        return true;
    const auto chosen = casts.find(source.name);
    if (chosen == casts.end())
        return false;
    // Where only the typmod is narrower the value goes as it is, for the target to refuse: a cast
    // would truncate it silently. But a scale and a padding are data that the target changes even
    // where nothing is lost.
    if (!pairs.same_base(source.type, target.type) || pairs.typmod_shows(source.type)) {
        column.cast = chosen->second;
        column.lossy_checked = true;
    }
    return true;
}

} // namespace

void take_columns(Table &table, const std::vector<Attribute> &source, const Types &types,
                  const FutureTarget &target) {
    for (const auto &attribute : source) {
        if (attribute.generated != 0) {
            if (attribute.generated == 's')
                table.generated.push_back(generated(attribute, types));
            continue;
        }
        Column column;
        column.name = attribute.name;
        column.type = attribute.formatted;
        column.target_type = attribute.formatted;
        column.rule = types.rule(attribute.type);
        table.columns.push_back(std::move(column));
        require_text(table, attribute.name, why_text_in_future(types, attribute.type, target));
    }
}

std::vector<Finding> match_columns(Table &table, const std::vector<Attribute> &source,
                                   const Types &source_types, const std::vector<Attribute> &target,
                                   const Types &target_types, const TypePairs &pairs,
                                   const std::map<std::string, std::string> &casts,
                                   int target_version) {
    std::vector<Finding> findings;
    for (const auto &attribute : source) {
        const Attribute *const other = find(target, attribute.name);
        if (other == nullptr) {
            // What a virtual column shows is not stored anywhere and cannot be lost.
            if (attribute.generated != 'v')
                findings.push_back(missing(table, attribute));
            continue;
        }
        if (other->generated != 0)
            continue;
        Column column;
        column.name = attribute.name;
        column.type = attribute.formatted;
        column.target_type = other->formatted;
        if (!fit_column(column, attribute, *other, pairs, casts)) {
            findings.push_back(misfit(table, attribute, *other));
            continue;
        }
        column.rule = target_types.rule(other->type);
        require_text(table, column.name, target_types.why_text(other->type));
        if (column.cast.empty()) {
            require_text(table, column.name, source_types.why_text(attribute.type));
            require_text(table, column.name,
                         why_text_for_version(target_types, other->type, target_version));
            if (pairs.same_base(attribute.type, other->type))
                require_text(table, column.name,
                             pairs.why_text(attribute.type, other->type, target_version));
        }
        table.columns.push_back(std::move(column));
    }
    bool other_columns = false;
    for (const auto &attribute : target) {
        other_columns = other_columns || attribute.generated == 0;
        if (attribute.generated == 's')
            table.generated.push_back(generated(attribute, target_types));
        else if (attribute.generated == 0 && find(source, attribute.name) == nullptr &&
                 attribute.not_null && !attribute.has_default)
            findings.push_back(required(table, attribute));
    }
    // Without a column list COPY would take them as the columns of the stream.
    if (table.columns.empty() && other_columns && findings.empty())
        findings.push_back(make_finding("column-list-empty", table.schema + "." + table.name,
                                        "none of the target's columns is filled by the source"));
    return findings;
}

} // namespace custody::plan
