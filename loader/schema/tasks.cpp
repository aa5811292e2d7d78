#include "loader/schema/tasks.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "loader/schema/phase.hpp"
#include "loader/schema/steps.hpp"

namespace custody::schema {
namespace {

constexpr int kLargeObjectsPerTask = 500; // each is locked to the end of the transaction

struct Draft {
    Phase phase = Phase::pre_data;
    state::TaskRow row;
    std::vector<std::size_t> needs; // indexes of drafts
};

class Making {
  public:
    explicit Making(const TaskInput &input) : in_(input) {}

    std::vector<state::TaskRow> run() {
        for (std::size_t i = 0; i < in_.entries.size(); ++i)
            if (in_.kept[i])
                add_entry(i);
        return numbered();
    }

  private:
    Draft draft(const Entry &entry, Phase phase, const std::string &kind) const {
        Draft made;
        made.phase = phase;
        made.row.kind = kind;
        made.row.object_type = entry.desc;
        made.row.object_schema = entry.schema;
        made.row.object_name = entry.tag;
        made.row.dump_id = entry.dump_id;
        made.row.sql = entry.sql;
        const auto table = in_.tables.find(host_of(entry, in_.facts));
        const bool waits = phase == Phase::index || phase == Phase::constraint;
        if (table != in_.tables.end()) {
            made.row.table_id = table->second;
            made.row.needs_rows = waits;
        }
        for (const int id : entry.depends)
            if (const auto task = last_task_.find(id); task != last_task_.end())
                made.needs.push_back(task->second);
        return made;
    }

    /// Never in an earlier phase than what it needs.
    std::size_t put(Draft made) {
        for (const auto need : made.needs)
            made.phase = std::max(made.phase, drafts_[need].phase);
        drafts_.push_back(std::move(made));
        return drafts_.size() - 1;
    }

    void add_entry(std::size_t i) {
        const Entry &entry = in_.entries[i];
        const auto step = step_of(entry);
        if (in_.presence[i] == Presence::same)
            return add_present(entry, step);
        if (entry.desc == "BLOB" && join_large_objects(entry))
            return;
        const auto constraint = in_.facts.constraints.find(entry.oid);
        const bool known = constraint != in_.facts.constraints.end();
        if (entry.desc == "CONSTRAINT" && known && by_index(constraint->second))
            return add_by_index(entry, constraint->second);
        if (entry.desc == "FK CONSTRAINT" && known)
            return add_foreign_key(entry, constraint->second);
        last_task_[entry.dump_id] = put(draft(entry, step.phase, step.kind));
    }

    void add_present(const Entry &entry, const Step &step) {
        auto made = draft(entry, step.phase, step.kind);
        made.row.sql.clear();
        made.row.note = "the target has the same already";
        last_task_[entry.dump_id] = put(std::move(made));
    }

    /// Into the task before, when that makes large objects too.
    bool join_large_objects(const Entry &entry) {
        if (drafts_.empty())
            return false;
        auto &last = drafts_.back().row;
        if (last.object_type != "BLOB" || ++large_objects_ % kLargeObjectsPerTask == 0)
            return false;
        const auto first = last.object_name.substr(0, last.object_name.find(" to "));
        last.object_name = fmt::format("{} to {}", first, entry.tag);
        last.sql += "\n" + entry.sql;
        last_task_[entry.dump_id] = drafts_.size() - 1;
        return true;
    }

    static bool by_index(const Constraint &constraint) {
        return (constraint.type == 'p' || constraint.type == 'u') && constraint.table_kind == 'r' &&
               constraint.plain_index && !constraint.index_definition.empty();
    }

    void add_by_index(const Entry &entry, const Constraint &constraint) {
        auto index = draft(entry, Phase::index, "index");
        // The key of a partitioned table comes first, which an index does not wait for.
        std::erase_if(index.needs,
                      [&](std::size_t need) { return drafts_[need].phase > Phase::index; });
        index.row.object_type = "INDEX";
        index.row.object_schema = constraint.index_schema;
        index.row.object_name = constraint.index_name;
        index.row.sql = settings_of(entry) + constraint.index_definition + ";";
        const auto first = put(std::move(index));
        auto key = draft(entry, Phase::constraint, "constraint");
        key.needs.push_back(first);
        key.row.sql =
            fmt::format("ALTER TABLE ONLY {}\n    ADD CONSTRAINT {} {} USING INDEX {}{}{};",
                        constraint.table_name, constraint.name,
                        constraint.type == 'p' ? "PRIMARY KEY" : "UNIQUE", constraint.name,
                        constraint.deferrable ? " DEFERRABLE" : "",
                        constraint.deferred ? " INITIALLY DEFERRED" : "");
        last_task_[entry.dump_id] = put(std::move(key));
    }

    static std::string settings_of(const Entry &entry) {
        return entry.tablespace.empty() ? ""
                                        : fmt::format("SET LOCAL default_tablespace = {};\n",
                                                      pq::quote_identifier(entry.tablespace));
    }

    void add_foreign_key(const Entry &entry, const Constraint &key) {
        const bool on_partitioned = key.table_kind == 'p';
        if (!key.validated) { // stays so
            last_task_[entry.dump_id] = put(draft(entry, Phase::foreign_key, "foreign_key"));
        } else if (!on_partitioned && key.referenced_kind != 'p') {
            last_task_[entry.dump_id] = add_in_two(entry, key, entry.tag).first;
        } else {
            // PostgreSQL refuses NOT VALID here: the key is checked while it is made.
            auto made = draft(entry, Phase::validate, "foreign_key");
            if (on_partitioned && key.referenced_kind != 'p')
                for (const auto &[oid, leaf] : in_.facts.constraints)
                    if (inherits(leaf, entry.oid) && leaf.table_kind == 'r')
                        made.needs.push_back(add_in_two(entry, leaf, name_of_leaf(leaf)).second);
            last_task_[entry.dump_id] = put(std::move(made));
        }
    }

    std::string name_of_leaf(const Constraint &leaf) const {
        const auto table = in_.facts.relations.find(leaf.table);
        return fmt::format("{} {}",
                           table != in_.facts.relations.end() ? table->second.lineage.name
                                                              : leaf.table_name,
                           leaf.name);
    }

    bool inherits(const Constraint &leaf, std::uint32_t root) const {
        for (std::uint32_t up = leaf.parent; up != 0;) {
            if (up == root)
                return leaf.type == 'f';
            const auto parent = in_.facts.constraints.find(up);
            up = parent != in_.facts.constraints.end() ? parent->second.parent : 0;
        }
        return false;
    }

    /// Without looking at the rows, then looking at them; the tasks' drafts.
    std::pair<std::size_t, std::size_t> add_in_two(const Entry &entry, const Constraint &key,
                                                   const std::string &name) {
        auto made = draft(entry, Phase::foreign_key, "foreign_key");
        made.row.object_name = name;
        set_table(made, key.table);
        made.row.sql = fmt::format("ALTER TABLE ONLY {}\n    ADD CONSTRAINT {} {} NOT VALID;",
                                   key.table_name, key.name, key.definition);
        auto check = made;
        const auto first = put(std::move(made));
        check.phase = Phase::validate;
        check.row.kind = "validate";
        check.row.sql = fmt::format("ALTER TABLE ONLY {}\n    VALIDATE CONSTRAINT {};",
                                    key.table_name, key.name);
        check.needs = {first};
        return {first, put(std::move(check))};
    }

    void set_table(Draft &made, std::uint32_t oid) const {
        const auto table = in_.tables.find(oid);
        made.row.table_id = table != in_.tables.end() ? std::optional(table->second) : std::nullopt;
    }

    /// By phase, otherwise in the dump's order, which never names a later entry.
    std::vector<state::TaskRow> numbered() {
        std::vector<std::size_t> order(drafts_.size());
        std::iota(order.begin(), order.end(), 0U);
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return drafts_[a].phase < drafts_[b].phase;
        });
        std::vector<int> ids(drafts_.size());
        for (std::size_t at = 0; at < order.size(); ++at)
            ids[order[at]] = static_cast<int>(at) + 1;
        std::vector<state::TaskRow> rows;
        for (const auto from : order) {
            Draft &made = drafts_[from];
            made.row.id = made.row.position = ids[from];
            made.row.phase = name_of(made.phase);
            std::set<int> needs;
            for (const auto need : made.needs)
                needs.insert(ids[need]);
            made.row.depends.assign(needs.begin(), needs.end());
            rows.push_back(std::move(made.row));
        }
        return rows;
    }

    const TaskInput &in_;
    std::vector<Draft> drafts_;
    std::map<int, std::size_t> last_task_; // of a dump id
    int large_objects_ = 0;
};

} // namespace

std::vector<state::TaskRow> make_tasks(const TaskInput &input) { return Making(input).run(); }

} // namespace custody::schema
