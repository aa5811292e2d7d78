#include "loader/plan/types.hpp"

#include <fmt/format.h>

namespace custody::plan {
namespace {

// A composite's fields come as two arrays in order of their numbers.
constexpr const char *kTypes = R"(
SELECT t.oid, n.nspname, t.typname, format_type(t.oid, NULL), t.typtype,
       coalesce(s.proname, ''), coalesce(r.proname, ''), t.typelem, t.typbasetype, t.typtypmod,
       coalesce(g.rngsubtype, 0), t.typrelid, e.extname, e.extversion,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.typrelid
                AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       ARRAY(SELECT a.atttypid::text FROM pg_attribute a WHERE a.attrelid = t.typrelid
                AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_proc s ON s.oid = t.typsend
  LEFT JOIN pg_proc r ON r.oid = t.typreceive
  LEFT JOIN pg_range g ON g.rngtypid = t.oid{}
  LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = d.refobjid
 WHERE t.oid = ANY ($1::oid[]))";

// Arrays are told by their send function, as the extension does: point and int2vector have
// elements, too, but are plain values on the wire.
Type::Kind kind_of(char typtype, const std::string &send) {
    switch (typtype) {
    case 'c':
        return Type::Kind::composite;
    case 'd':
        return Type::Kind::domain;
    case 'e':
        return Type::Kind::enumeration;
    case 'r':
        return Type::Kind::range;
    case 'm':
        return Type::Kind::multirange;
    default:
        return send == "array_send" ? Type::Kind::array : Type::Kind::plain;
    }
}

Type read_type(const pq::Result &rows, int i) {
    Type type;
    type.oid = rows.number<Oid>(i, 0);
    type.schema = rows.str(i, 1);
    type.name = rows.str(i, 2);
    type.formatted = rows.str(i, 3);
    type.send = rows.str(i, 5);
    type.receive = rows.str(i, 6);
    type.kind = kind_of(rows.text(i, 4).front(), type.send);
    if (type.kind == Type::Kind::array) {
        type.inner = rows.number<Oid>(i, 7);
    } else if (type.kind == Type::Kind::domain) {
        type.inner = rows.number<Oid>(i, 8);
        type.inner_typmod = rows.number<int>(i, 9);
    } else {
        type.inner = rows.number<Oid>(i, 10);
    }
    type.extension = rows.str(i, 12);
    type.extension_version = rows.str(i, 13);
    const auto names = pq::parse_array(rows.text(i, 14));
    const auto oids = pq::parse_array(rows.text(i, 15));
    for (std::size_t f = 0; f < names.size(); ++f)
        type.fields.push_back({names[f], static_cast<Oid>(std::stoul(oids.at(f)))});
    return type;
}

} // namespace

void Types::load(pq::Connection &connection, std::set<Oid> wanted) {
    const char *const multiranges = connection.server_version() >= 140000
                                        ? " OR (g.rngmultitypid = t.oid AND t.typtype = 'm')"
                                        : "";
    const std::string sql = fmt::format(kTypes, multiranges);
    while (!wanted.empty()) {
        const auto rows = connection.query(sql, oid_array(wanted));
        wanted.clear();
        for (int i = 0; i < rows.rows(); ++i) {
            Type type = read_type(rows, i);
            std::vector<Oid> parts;
            if (type.inner != 0)
                parts.push_back(type.inner);
            for (const auto &field : type.fields)
                parts.push_back(field.type);
            add(std::move(type));
            for (const Oid part : parts)
                if (!types_.contains(part))
                    wanted.insert(part);
        }
    }
}

void Types::add(Type type) {
    const Oid oid = type.oid;
    types_.insert_or_assign(oid, std::move(type));
}

const Type &Types::at(Oid oid) const {
    const auto found = types_.find(oid);
    if (found == types_.end())
        throw Error(Exit::refused, "catalog-changed",
                    fmt::format("type with OID {} disappeared while the catalogs were read", oid),
                    "", "run the command again when no schema change is under way");
    return found->second;
}

const Type &Types::base(Oid oid) const {
    const Type *type = &at(oid);
    while (type->kind == Type::Kind::domain)
        type = &at(type->inner);
    return *type;
}

wire::TypeRule Types::rule(Oid oid) const {
    const Type &type = base(oid);
    wire::TypeRule rule;
    switch (type.kind) {
    case Type::Kind::array:
        rule.kind = wire::TypeRule::Kind::array;
        rule.children.push_back(this->rule(type.inner));
        break;
    case Type::Kind::composite:
        rule.kind = wire::TypeRule::Kind::composite;
        for (const auto &field : type.fields)
            rule.children.push_back(this->rule(field.type));
        break;
    case Type::Kind::range:
    case Type::Kind::multirange:
        rule.kind = type.kind == Type::Kind::range ? wire::TypeRule::Kind::range
                                                   : wire::TypeRule::Kind::multirange;
        rule.children.push_back(this->rule(type.inner));
        break;
    default:
        if (type.send == "float4send")
            rule.kind = wire::TypeRule::Kind::float4;
        else if (type.send == "float8send")
            rule.kind = wire::TypeRule::Kind::float8;
    }
    return rule;
}

std::string Types::why_text(Oid oid) const {
    std::string why;
    any(oid, [&why](const Type &type) {
        if (wire::sends_oid(type.oid))
            why = fmt::format("type {} sends an OID", type.formatted);
        else if (type.send.empty())
            why = fmt::format("type {} has no send function", type.formatted);
        else if (type.receive.empty())
            why = fmt::format("type {} has no receive function", type.formatted);
        else if (type.receive == "int2vectorrecv" || type.receive == "oidvectorrecv")
            why = fmt::format("type {} does not receive what it sends when it is empty",
                              type.formatted);
        return !why.empty();
    });
    return why;
}

} // namespace custody::plan
