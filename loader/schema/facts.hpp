// What the source's catalogs say beyond the dump: to which relation an entry belongs, and the
// text of keys as pg_get_indexdef() and pg_get_constraintdef() give it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "loader/plan/selection.hpp"
#include "loader/pq/connection.hpp"

namespace custody::schema {

struct Relation {
    plan::Lineage lineage;
    char kind = 'r';             // relkind
    std::uint32_t owner_oid = 0; // of a sequence: the table whose column owns it, 0 = none
};

struct Constraint {
    char type = 'c';         // contype
    std::uint32_t table = 0; // 0 for a domain's
    char table_kind = 'r';
    std::string table_name, name; // quoted; the table's with its schema
    std::string definition;
    bool deferrable = false, deferred = false, validated = true;
    std::string index_definition; // of a primary key or unique constraint
    std::string index_schema, index_name;
    bool plain_index = false; // a btree that is neither clustered on nor a replica identity
    std::uint32_t referenced = 0;
    char referenced_kind = 'r';
    std::uint32_t parent = 0; // the constraint it is inherited from
};

struct Facts {
    std::map<std::uint32_t, Relation> relations;
    std::map<std::uint32_t, Constraint> constraints;
    /// (catalog, object) -> relation, for everything that is part of one.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> hosts;
};

/// Runs with an empty search_path, so that all names come qualified. `quote_all` as in the dump.
Facts read_facts(pq::Connection &source, bool quote_all);

} // namespace custody::schema
