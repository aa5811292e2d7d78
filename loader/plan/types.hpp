// The types of one server, as far as its tables use them, and what follows for wire rows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/wire_row.hpp"
#include "loader/plan/catalog.hpp"

namespace custody::plan {

struct Type {
    enum class Kind { plain, array, composite, range, multirange, domain, enumeration };
    struct Field {
        std::string name;
        Oid type = 0;
    };

    Oid oid = 0;
    std::string schema, name;
    std::string formatted; // format_type(oid, NULL)
    Kind kind = Kind::plain;
    std::string send, receive; // function names; "" = none
    Oid inner = 0;             // element, subtype or base
    int inner_typmod = -1;     // of a domain
    std::vector<Field> fields; // of a composite
    std::string extension, extension_version;
};

class Types {
  public:
    /// Reads the types and, recursively, everything that they are made of.
    void load(pq::Connection &connection, std::set<Oid> wanted);
    void add(Type type);

    /// Throws Error (code "catalog-changed") when the type was not loaded.
    const Type &at(Oid oid) const;
    /// The type that a domain stands for, through domains over domains.
    const Type &base(Oid oid) const;
    wire::TypeRule rule(Oid oid) const;
    const std::map<Oid, Type> &all() const { return types_; }

    /// Why a value of this type cannot travel in COPY BINARY or be hashed in the binary form;
    /// "" when it can.
    std::string why_text(Oid oid) const;

    /// True when the type, or anything it is made of, satisfies the predicate.
    template <typename Predicate> bool any(Oid oid, Predicate &&predicate) const {
        const Type &type = at(oid);
        if (predicate(type))
            return true;
        if (type.inner != 0 && any(type.inner, predicate))
            return true;
        for (const auto &field : type.fields)
            if (any(field.type, predicate))
                return true;
        return false;
    }

  private:
    std::map<Oid, Type> types_;
};

} // namespace custody::plan
