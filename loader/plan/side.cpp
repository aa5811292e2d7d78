#include "loader/plan/side.hpp"

namespace custody::plan {

void Side::read(pq::Connection &connection) {
    server = read_server(connection);
    relations = read_relations(connection);
    for (const auto &[oid, relation] : relations)
        by_name.emplace(std::pair(relation.schema, relation.name), &relation);
    primary_keys = read_primary_keys(connection);
    partitionings = read_partitionings(connection);
    std::set<Oid> wanted;
    for (const auto &[oid, partitioning] : partitionings)
        wanted.insert(partitioning.collations.begin(), partitioning.collations.end());
    collations = read_collations(connection, wanted);
}

void Side::read_columns(pq::Connection &connection, const std::set<Oid> &wanted) {
    attributes = read_attributes(connection, wanted);
    std::set<Oid> used;
    for (const auto &[oid, columns] : attributes)
        for (const auto &column : columns)
            used.insert(column.type);
    for (const auto &[oid, partitioning] : partitionings)
        used.insert(partitioning.types.begin(), partitioning.types.end());
    types.load(connection, used);
}

const Relation *Side::table(const std::string &schema, const std::string &name) const {
    const auto found = by_name.find({schema, name});
    const bool holds_rows =
        found != by_name.end() && (found->second->kind == 'r' || found->second->kind == 'p');
    return holds_rows ? found->second : nullptr;
}

std::vector<const Relation *> Side::ancestors(const Relation &relation) const {
    std::vector<const Relation *> result;
    for (Oid parent = relation.parent; parent != 0;) {
        const auto found = relations.find(parent);
        if (found == relations.end())
            break;
        result.push_back(&found->second);
        parent = found->second.parent;
    }
    return result;
}

} // namespace custody::plan
