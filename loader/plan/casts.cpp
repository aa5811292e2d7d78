#include "loader/plan/casts.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace custody::plan {
namespace {

constexpr Oid kFirstUnstableOid = 10000; // FirstGenbkiObjectId: below, OIDs agree everywhere
constexpr int kTypmodHeader = 4;         // VARHDRSZ, added to the typmods of numeric and text

struct Lossless {
    const char *from;
    const char *to;
    const char *cast; // "" = both send the same bytes
};

// By catalog name; the target has no typmod. Enumerations are "enum" here.
constexpr Lossless kLossless[] = {
    {"int2", "int4", "integer"},
    {"int2", "int8", "bigint"},
    {"int2", "numeric", "numeric"},
    {"int2", "float4", "real"},
    {"int2", "float8", "double precision"},
    {"int4", "int8", "bigint"},
    {"int4", "numeric", "numeric"},
    {"int4", "float8", "double precision"},
    {"int8", "numeric", "numeric"},
    {"oid", "int8", "bigint"},
    {"float4", "float8", "double precision"},
    {"date", "timestamp", "timestamp without time zone"},
    {"cidr", "inet", "inet"},
    {"bit", "varbit", "bit varying"},
    {"text", "varchar", ""},
    {"text", "citext", ""},
    {"varchar", "text", ""},
    {"varchar", "citext", ""},
    {"citext", "text", ""},
    {"citext", "varchar", ""},
    {"name", "text", ""},
    {"name", "varchar", ""},
    {"bpchar", "text", "text"},
    {"bpchar", "varchar", "text"},
    {"json", "text", ""},
    {"enum", "text", ""},
    {"enum", "varchar", ""},
    {"enum", "citext", ""},
    // The target refuses what is no label.
    {"text", "enum", ""},
    {"varchar", "enum", ""},
    {"bool", "text", "text"},
    {"int2", "text", "text"},
    {"int4", "text", "text"},
    {"int8", "text", "text"},
    {"numeric", "text", "text"},
    {"uuid", "text", "text"},
    {"uuid", "varchar", "text"},
    {"jsonb", "text", "text"},
    {"inet", "text", "text"},
    {"cidr", "text", "text"},
    {"macaddr", "text", "text"},
};

std::string table_name(const Type &type) {
    if (type.kind == Type::Kind::enumeration)
        return "enum";
    if (type.schema == "pg_catalog" || type.extension == "citext")
        return type.name;
    return "";
}

struct Numeric {
    int precision, scale;
};

Numeric numeric_of(int typmod) {
    const int bits = typmod - kTypmodHeader;
    return {(bits >> 16) & 0xffff, ((bits & 0x7ff) ^ 1024) - 1024};
}

// Digits before the point must not get fewer; a larger scale appends zeros, and that is data.
Fit widen_numeric(Numeric from, int target_typmod) {
    const Numeric to = numeric_of(target_typmod);
    if (to.scale < from.scale || to.precision - to.scale < from.precision - from.scale)
        return {};
    return {Fit::Kind::lossless,
            to.scale == from.scale ? "" : fmt::format("numeric({},{})", to.precision, to.scale)};
}

Fit widen(const Type &type, int from, int to) {
    const Fit as_is{Fit::Kind::lossless, ""};
    if (to == -1)
        return as_is;
    const bool time = type.name == "timestamp" || type.name == "timestamptz" ||
                      type.name == "time" || type.name == "timetz";
    if (time)
        return to >= (from == -1 ? 6 : from) ? as_is : Fit{};
    if (from == -1)
        return {};
    if (type.name == "numeric")
        return widen_numeric(numeric_of(from), to);
    if (type.name == "bpchar" && to > from)
        return {Fit::Kind::lossless, fmt::format("character({})", to - kTypmodHeader)};
    if ((type.name == "varchar" || type.name == "varbit") && to > from)
        return as_is;
    return {};
}

Fit convert(const Type &from, int from_typmod, const Type &to, int to_typmod) {
    const std::string from_name = table_name(from), to_name = table_name(to);
    if (to_name == "numeric" && to_typmod != -1) {
        const int digits = from_name == "int2" ? 5 : from_name == "int4" ? 10 : 19;
        if (from_name != "int2" && from_name != "int4" && from_name != "int8")
            return {};
        Fit fit = widen_numeric({digits, 0}, to_typmod);
        if (fit.kind == Fit::Kind::lossless && fit.cast.empty())
            fit.cast = "numeric";
        return fit;
    }
    if (to_typmod != -1) {
        // varchar(n) takes what was limited to as many characters.
        const bool limited = (from_name == "varchar" || from_name == "bpchar") &&
                             to_name == "varchar" && from_typmod != -1 && to_typmod >= from_typmod;
        if (!limited)
            return {};
    }
    const auto *const known =
        std::find_if(std::begin(kLossless), std::end(kLossless), [&](const Lossless &entry) {
            return entry.from == from_name && entry.to == to_name;
        });
    if (known == std::end(kLossless))
        return {};
    return {Fit::Kind::lossless, known->cast};
}

// A domain's column has no typmod of its own: the first one down the chain holds.
int base_typmod(const Types &types, Oid oid, int typmod) {
    for (const Type *type = &types.at(oid); type->kind == Type::Kind::domain && typmod == -1;
         type = &types.at(type->inner))
        typmod = type->inner_typmod;
    return typmod;
}

} // namespace

bool TypePairs::same(Oid source, Oid target) const {
    const Type &s = source_.at(source);
    const Type &t = target_.at(target);
    if (s.kind != t.kind)
        return false;
    if (s.kind == Type::Kind::array && s.schema != "pg_catalog")
        return same(s.inner, t.inner); // the array's own name is not chosen by anybody
    if (!s.extension.empty() || !t.extension.empty())
        return s.extension == t.extension && s.name == t.name;
    // The row type of a table is renamed with it.
    const auto expected = s.kind == Type::Kind::composite
                              ? selection_.target(s.schema, s.name)
                              : std::pair(selection_.target_schema(s.schema), s.name);
    return expected == std::pair(t.schema, t.name);
}

bool TypePairs::same_base(Oid source, Oid target) const {
    return same(source_.base(source).oid, target_.base(target).oid);
}

bool TypePairs::typmod_shows(Oid source) const {
    const Type &type = source_.base(source);
    return type.schema == "pg_catalog" && (type.name == "numeric" || type.name == "bpchar");
}

Fit TypePairs::fit(const Attribute &source, const Attribute &target) const {
    return fit(source.type, source.typmod, target.type, target.typmod);
}

Fit TypePairs::fit(Oid source, int source_typmod, Oid target, int target_typmod) const {
    const Type &s = source_.base(source);
    const Type &t = target_.base(target);
    const int from = base_typmod(source_, source, source_typmod);
    const int to = base_typmod(target_, target, target_typmod);
    if (same(s.oid, t.oid))
        return from == to                    ? Fit{Fit::Kind::same, ""}
               : s.kind != Type::Kind::array ? widen(s, from, to)
                                             : fit(s.inner, from, t.inner, to);
    if (s.kind == Type::Kind::array && t.kind == Type::Kind::array) {
        Fit element = fit(s.inner, from, t.inner, to);
        // Arrays name their element type on the wire; built-in ones must agree.
        const bool named = s.inner < kFirstUnstableOid && t.inner < kFirstUnstableOid;
        if (!element.cast.empty())
            element.cast += "[]";
        else if (element.kind == Fit::Kind::lossless && named)
            element.cast = t.formatted;
        return element;
    }
    return convert(s, from, t, to);
}

std::string TypePairs::why_text(Oid source, Oid target, int target_version) const {
    const Type &s = source_.base(source);
    const Type &t = target_.base(target);
    if (s.extension_version != t.extension_version)
        return fmt::format("type {} is of extension {} {} on the source, {} on the target",
                           s.formatted, s.extension, s.extension_version, t.extension_version);
    if (s.send.empty() != t.send.empty() || s.receive.empty() != t.receive.empty())
        return fmt::format("type {} has binary functions on one side only", s.formatted);
    if (s.kind != t.kind)
        return fmt::format("type {} is of another kind on the target", s.formatted);
    return why_text_inside(s, t, target_version);
}

std::string TypePairs::why_text_inside(const Type &s, const Type &t, int version) const {
    if (s.inner != 0 && t.inner != 0) {
        const std::string why =
            same_base(s.inner, t.inner)
                ? why_text(s.inner, t.inner, version)
                : fmt::format("type {} has another element type on the target", s.formatted);
        if (!why.empty())
            return why;
    }
    if (s.fields.size() != t.fields.size())
        return fmt::format("type {} has other fields on the target", s.formatted);
    for (std::size_t i = 0; i < s.fields.size(); ++i) {
        if (!same_base(s.fields[i].type, t.fields[i].type))
            return fmt::format("type {} has other fields on the target", s.formatted);
        if (const auto why = why_text(s.fields[i].type, t.fields[i].type, version); !why.empty())
            return why;
    }
    return why_text_for_version(source_, s.oid, version);
}

std::string why_text_for_version(const Types &types, Oid oid, int target_version) {
    if (target_version >= 140000)
        return "";
    std::string why;
    types.any(oid, [&why](const Type &type) {
        const bool user_element = type.kind == Type::Kind::array && type.inner >= kFirstUnstableOid;
        const bool user_field =
            type.kind == Type::Kind::composite &&
            std::any_of(type.fields.begin(), type.fields.end(),
                        [](const Type::Field &field) { return field.type >= kFirstUnstableOid; });
        if (user_element || user_field)
            why = fmt::format("type {} holds a user type, which a target before PostgreSQL 14 "
                              "refuses in binary",
                              type.formatted);
        return !why.empty();
    });
    return why;
}

} // namespace custody::plan
