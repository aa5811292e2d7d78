#include "loader/plan/routing.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace custody::plan {
namespace {

const Relation *counterpart(const Relation &relation, const Side &target,
                            const Selection &selection) {
    const auto [schema, name] = selection.target(relation.schema, relation.name);
    return target.table(schema, name);
}

} // namespace

bool routes_differently(const Partitioning &partitioning, const Side &source,
                        const std::string &target_encoding, const TargetCollation &collation) {
    if (partitioning.strategy == 'l')
        return false; // by equality, which both sides agree on
    const bool hash = partitioning.strategy == 'h';
    if (hash && partitioning.expressions)
        return true; // of a type that is not known here
    for (const Oid oid : partitioning.types)
        if (source.types.any(oid, [hash](const Type &type) {
                // What an extension or an enumeration hashes is its own business.
                return wire::sends_oid(type.oid) ||
                       (hash && (type.kind == Type::Kind::enumeration || !type.extension.empty()));
            }))
            return true;
    const bool other_encoding = source.server.encoding != target_encoding;
    return std::any_of(partitioning.collations.begin(), partitioning.collations.end(),
                       [&](Oid oid) {
                           if (other_encoding)
                               return true;
                           const auto found = source.collations.find(oid);
                           if (found == source.collations.end())
                               return true;
                           if (hash && found->second.deterministic)
                               return false; // hashes the bytes
                           const auto other = collation(found->second);
                           return !other || !sort_alike(found->second, *other);
                       });
}

bool partitioned_differently(const Relation &child, const Relation &parent, const Side &source,
                             const Side &target, const Selection &selection) {
    const Relation *const other_child = counterpart(child, target, selection);
    const Relation *const other_parent = counterpart(parent, target, selection);
    if (other_parent == nullptr || other_parent->kind != 'p')
        return other_child == nullptr && other_parent != nullptr;
    if (other_child == nullptr)
        return true;
    if (other_child->parent != other_parent->oid)
        return other_child->parent != 0; // a table on its own takes its rows as they come
    return other_child->bound != child.bound ||
           target.partitionings.at(other_parent->oid).definition !=
               source.partitionings.at(parent.oid).definition;
}

void unify_roots(std::vector<Table> &tables) {
    std::map<std::pair<std::string, std::string>, std::vector<Table *>> roots;
    for (auto &table : tables)
        if (!table.root_name.empty())
            roots[{table.root_schema, table.root_name}].push_back(&table);
    for (auto &[root, members] : roots) {
        Table common = *members.front();
        for (const Table *member : members) {
            if (member->form == wire::Form::text && common.form == wire::Form::binary) {
                common.form = member->form;
                common.form_reason = member->form_reason;
            }
            if (member->key != common.key)
                common.key.clear();
            common.buckets = std::max(common.buckets, member->buckets);
        }
        for (Table *member : members) {
            member->form = common.form;
            member->form_reason = common.form_reason;
            member->key = common.key;
            member->buckets = common.buckets;
        }
    }
}

} // namespace custody::plan
