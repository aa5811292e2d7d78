#include "common/wire_row.hpp"

#include <algorithm>
#include <array>

namespace custody::wire {

namespace {

constexpr std::array<std::string_view, 7> kKindNames = {"raw",       "float4", "float8",    "array",
                                                        "composite", "range",  "multirange"};

/// Puts the children of the node at `at` behind all nodes there are, and so on below them.
void flatten_children(const TypeRule &rule, std::uint32_t at, std::vector<FlatRule> &flat) {
    const auto first = static_cast<std::uint32_t>(flat.size());
    const auto count = static_cast<std::uint32_t>(rule.children.size());
    flat[at].kind = rule.kind;
    flat[at].is_raw = rule.is_raw();
    flat[at].first = first;
    flat[at].count = count;
    flat.resize(flat.size() + count);
    for (std::uint32_t i = 0; i < count; ++i) {
        flatten_children(rule.children[i], first + i, flat);
    }
}

void check_rule(const TypeRule &rule) {
    using enum Kind;
    const bool one_child = rule.kind == array || rule.kind == range || rule.kind == multirange;
    if (one_child && rule.children.size() != 1) {
        throw WireError("rule of an array, range or multirange type does not have one child");
    }
    std::ranges::for_each(rule.children, check_rule);
}

} // namespace

std::string_view form_name(Form form) noexcept { return form == Form::binary ? "binary" : "text"; }

Form form_from_name(std::string_view name) {
    if (name == "binary") {
        return Form::binary;
    }
    if (name == "text") {
        return Form::text;
    }
    throw WireError("form of a wire row is neither binary nor text");
}

bool TypeRule::is_raw() const noexcept {
    switch (kind) {
    case Kind::raw:
        return true;
    case Kind::range:
    case Kind::multirange:
        return std::ranges::all_of(children, [](const TypeRule &r) { return r.is_raw(); });
    default:
        return false;
    }
}

std::string TypeRule::to_text() const {
    std::string text(kKindNames[static_cast<std::size_t>(kind)]);
    if (children.empty() && kind != Kind::composite) {
        return text;
    }
    text += '(';
    for (const TypeRule &child : children) {
        if (&child != children.data()) {
            text += ',';
        }
        text += child.to_text();
    }
    return text += ')';
}

bool sends_oid(std::uint32_t type_oid) noexcept {
    constexpr std::array<std::uint32_t, 12> kTypes = {
        24,   // regproc
        2202, // regprocedure
        2203, // regoper
        2204, // regoperator
        2205, // regclass
        2206, // regtype
        2249, // record: rows of a query only, with the OIDs of their types
        3734, // regconfig
        3769, // regdictionary
        4089, // regnamespace
        4096, // regrole
        4191, // regcollation
    };
    return std::ranges::find(kTypes, type_oid) != kTypes.end();
}

std::vector<FlatRule> flatten(const std::vector<TypeRule> &columns) {
    std::vector<FlatRule> flat(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        check_rule(columns[i]);
        flatten_children(columns[i], static_cast<std::uint32_t>(i), flat);
    }
    return flat;
}

void normalise(const TypeRule &rule, std::span<std::byte> value) {
    const std::vector<FlatRule> flat = flatten({rule});
    if (const char *error = rewrite(flat.data(), 0, value.data(), value.size())) {
        throw WireError(error);
    }
}

} // namespace custody::wire
