#include "loader/schema/closure.hpp"

#include <map>

#include <fmt/format.h>

namespace custody::schema {
namespace {

constexpr std::uint32_t kClassCatalog = 1259; // pg_class, the same in every version

class Closing {
  public:
    Closing(const std::vector<Entry> &entries, const Facts &facts, const Scope &scope)
        : entries_(entries), facts_(facts), scope_(scope) {
        closure_.kept.resize(entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            steps_.push_back(step_of(entries[i]));
            by_id_[entries[i].dump_id] = i;
            if (steps_[i].place == Place::relation && entries[i].class_oid == kClassCatalog)
                relations_[entries[i].oid] = i;
        }
    }

    Closure run() {
        bool changed = true;
        while (changed) {
            changed = false;
            for (std::size_t i = 0; i < entries_.size(); ++i)
                if (!closure_.kept[i] && wanted(i)) {
                    keep(i);
                    changed = true;
                }
        }
        tell();
        return std::move(closure_);
    }

  private:
    bool movable(std::size_t i) const {
        const auto &desc = entries_[i].desc;
        return steps_[i].place != Place::left_out && steps_[i].place != Place::silent &&
               (scope_.privileges || (desc != "ACL" && desc != "DEFAULT ACL"));
    }

    bool relation_selected(std::uint32_t oid) const {
        const auto relation = facts_.relations.find(oid);
        return relation != facts_.relations.end() &&
               scope_.selection.includes(relation->second.lineage);
    }

    bool relation_kept(std::uint32_t oid) const {
        const auto entry = relations_.find(oid);
        return entry != relations_.end() && closure_.kept[entry->second];
    }

    bool all_kept(const Entry &entry) const {
        bool any = false;
        for (const int id : entry.depends)
            if (const auto found = by_id_.find(id); found != by_id_.end()) {
                any = true;
                if (!closure_.kept[found->second])
                    return false;
            }
        return any || scope_.broad;
    }

    /// Rows of a table that is not selected are not there to be referenced.
    bool key_wanted(const Entry &entry) const {
        const auto key = facts_.constraints.find(entry.oid);
        return key != facts_.constraints.end() && all_kept(entry) &&
               relation_selected(key->second.table) && relation_selected(key->second.referenced);
    }

    bool object_wanted(const Entry &entry) const {
        if (entry.desc == "SCHEMA")
            return scope_.selection.includes_schema(entry.tag);
        if (!entry.schema.empty())
            return scope_.selection.includes_schema(entry.schema);
        return scope_.broad;
    }

    bool wanted(std::size_t i) const {
        const auto &entry = entries_[i];
        if (!movable(i))
            return false;
        if (entry.desc == "FK CONSTRAINT")
            return key_wanted(entry);
        switch (steps_[i].place) {
        case Place::relation:
            return relation_selected(entry.oid) || owner_kept(entry.oid);
        case Place::hosted: {
            const auto host = host_of(entry, facts_);
            return host != 0 ? relation_kept(host) : all_kept(entry);
        }
        case Place::attached:
            return all_kept(entry);
        default:
            return object_wanted(entry);
        }
    }

    bool owner_kept(std::uint32_t sequence) const {
        const auto relation = facts_.relations.find(sequence);
        return relation != facts_.relations.end() && relation->second.owner_oid != 0 &&
               relation_kept(relation->second.owner_oid);
    }

    /// With everything it needs, which for a database is a graph without loops but not short.
    void keep(std::size_t first) {
        std::vector<std::size_t> todo{first};
        while (!todo.empty()) {
            const auto i = todo.back();
            todo.pop_back();
            if (closure_.kept[i])
                continue;
            closure_.kept[i] = true;
            for (const int id : entries_[i].depends)
                if (const auto found = by_id_.find(id);
                    found != by_id_.end() && movable(found->second))
                    todo.push_back(found->second);
        }
    }

    void tell() {
        int grants = 0;
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            const auto &entry = entries_[i];
            if (is_grant_of_custody(entry))
                ++grants;
            else if (steps_[i].place == Place::left_out)
                closure_.not_moved.push_back(
                    fmt::format("{}: {}", describe(entry), steps_[i].reason));
            else if (entry.desc == "FK CONSTRAINT" && !closure_.kept[i])
                tell_key(entry);
            else if (entry.desc == "TABLE" && closure_.kept[i] && !relation_selected(entry.oid))
                closure_.without_rows.push_back(fmt::format("{}.{}", entry.schema, entry.tag));
        }
        if (grants > 0)
            closure_.not_moved.push_back(fmt::format(
                "privileges on {} objects of custody: grant them on the target, which has the "
                "extension custody of its own",
                grants));
    }

    void tell_key(const Entry &entry) {
        const auto key = facts_.constraints.find(entry.oid);
        if (key != facts_.constraints.end() && relation_selected(key->second.table))
            closure_.not_moved.push_back(
                fmt::format("{}: the table it references is not selected", describe(entry)));
    }

    const std::vector<Entry> &entries_;
    const Facts &facts_;
    const Scope &scope_;
    std::vector<Step> steps_;
    std::map<int, std::size_t> by_id_;
    std::map<std::uint32_t, std::size_t> relations_;
    Closure closure_;
};

} // namespace

std::uint32_t host_of(const Entry &entry, const Facts &facts) {
    // Row security and refreshes carry the relation's own oid without a catalog.
    if (entry.class_oid == 0)
        return facts.relations.contains(entry.oid) ? entry.oid : 0;
    const auto host = facts.hosts.find({entry.class_oid, entry.oid});
    return host != facts.hosts.end() ? host->second : 0;
}

Closure close(const std::vector<Entry> &entries, const Facts &facts, const Scope &scope) {
    return Closing(entries, facts, scope).run();
}

} // namespace custody::schema
