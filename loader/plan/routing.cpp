#include "loader/plan/routing.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace custody::plan {

const Relation *missing_leaf(const Unit &unit, const Side &source) {
    if (unit.leaves.empty())
        return nullptr;
    for (const auto &[oid, relation] : source.relations) {
        const auto above = source.ancestors(relation);
        if (relation.kind != 'p' &&
            std::find(above.begin(), above.end(), unit.source) != above.end() &&
            std::find(unit.leaves.begin(), unit.leaves.end(), &relation) == unit.leaves.end())
            return &relation;
    }
    return nullptr;
}

bool Router::routes_differently(const Partitioning &partitioning) const {
    if (partitioning.strategy == 'l')
        return false; // by equality, which both sides agree on
    const bool hash = partitioning.strategy == 'h';
    if (hash && partitioning.expressions)
        return true; // of a type that is not known here
    for (const Oid oid : partitioning.types)
        if (source_.types.any(oid, [hash](const Type &type) {
                // What an extension or an enumeration hashes is its own business.
                return wire::sends_oid(type.oid) ||
                       (hash && (type.kind == Type::Kind::enumeration || !type.extension.empty()));
            }))
            return true;
    const bool other_encoding = source_.server.encoding != target_.server.encoding;
    return std::any_of(partitioning.collations.begin(), partitioning.collations.end(),
                       [&](Oid oid) {
                           if (other_encoding)
                               return true;
                           const auto found = source_.collations.find(oid);
                           if (found == source_.collations.end())
                               return true;
                           if (hash && found->second.deterministic)
                               return false; // hashes the bytes
                           const auto other = collation_(found->second);
                           return !other || !sort_alike(found->second, *other);
                       });
}

const Relation *Router::counterpart(const Relation &relation) const {
    const auto [schema, name] = selection_.target(relation.schema, relation.name);
    return target_.table(schema, name);
}

// On the target, as it is or as it will be made. A table that stands on its own there takes its
// rows as they come.
bool Router::belongs(const Relation &leaf, const Relation &ancestor) const {
    const Relation *const other = counterpart(leaf);
    if (other == nullptr)
        return true;
    const Relation *const root = counterpart(ancestor);
    const auto above = target_.ancestors(*other);
    return root != nullptr && std::find(above.begin(), above.end(), root) != above.end();
}

bool Router::partitioned_differently(const Relation &child, const Relation &parent) const {
    const Relation *const other_child = counterpart(child);
    const Relation *const other_parent = counterpart(parent);
    if (other_parent == nullptr)
        return false;
    if (other_parent->kind != 'p' || other_child == nullptr)
        return true;
    return other_child->parent != other_parent->oid || other_child->bound != child.bound ||
           target_.partitionings.at(other_parent->oid).definition !=
               source_.partitionings.at(parent.oid).definition;
}

// The topmost that differs, so that all leaves below it share one root.
const Relation *Router::root_of(const Relation &leaf) const {
    const Relation *root = nullptr;
    const Relation *child = &leaf;
    for (const Relation *ancestor : source_.ancestors(leaf)) {
        if (belongs(leaf, *ancestor) &&
            (partitioned_differently(*child, *ancestor) ||
             routes_differently(source_.partitionings.at(ancestor->oid))))
            root = ancestor;
        child = ancestor;
    }
    return root;
}

std::vector<Unit> Router::units(const std::vector<const Relation *> &selected) const {
    std::vector<Unit> units;
    std::set<const Relation *> roots;
    if (target_.server.version != 0)
        for (const Relation *relation : selected)
            if (const Relation *root = root_of(*relation))
                roots.insert(root);
    std::map<const Relation *, std::size_t> unit_of;
    for (const Relation *relation : selected) {
        const Relation *root = nullptr;
        for (const Relation *ancestor : source_.ancestors(*relation))
            if (roots.contains(ancestor) && belongs(*relation, *ancestor))
                root = ancestor;
        if (root == nullptr) {
            units.push_back({relation, {}});
            continue;
        }
        const auto [at, fresh] = unit_of.emplace(root, units.size());
        if (fresh)
            units.push_back({root, {}});
        units[at->second].leaves.push_back(relation);
    }
    for (auto &unit : units)
        std::sort(unit.leaves.begin(), unit.leaves.end(), [](const auto *a, const auto *b) {
            return std::tie(a->schema, a->name) < std::tie(b->schema, b->name);
        });
    return units;
}

} // namespace custody::plan
