// The catalogs of one server, as far as a plan needs them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loader/plan/catalog.hpp"
#include "loader/plan/collations.hpp"
#include "loader/plan/types.hpp"

namespace custody::plan {

struct Side {
    Server server;
    std::map<Oid, Relation> relations;
    std::map<std::pair<std::string, std::string>, const Relation *> by_name;
    std::map<Oid, std::vector<Attribute>> attributes;
    std::map<Oid, std::vector<std::string>> primary_keys;
    std::map<Oid, Partitioning> partitionings;
    std::map<Oid, Collation> collations; // those of partition keys, and the database's own
    Types types;

    /// Everything but columns and types.
    void read(pq::Connection &connection);
    /// Columns of these relations, with the types of columns and partition keys.
    void read_columns(pq::Connection &connection, const std::set<Oid> &wanted);

    /// Table or partitioned table of this name; null when there is none.
    const Relation *table(const std::string &schema, const std::string &name) const;
    /// The partitioned tables above a partition, nearest first.
    std::vector<const Relation *> ancestors(const Relation &relation) const;
};

} // namespace custody::plan
