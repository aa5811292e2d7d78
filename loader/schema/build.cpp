#include <algorithm>

#include <fmt/format.h>

#include "loader/plan/selection.hpp"
#include "loader/schema/closure.hpp"
#include "loader/schema/compare.hpp"
#include "loader/schema/dump.hpp"
#include "loader/schema/facts.hpp"
#include "loader/schema/schema.hpp"
#include "loader/schema/settings.hpp"
#include "loader/schema/tasks.hpp"

namespace custody::schema {
namespace {

constexpr const char *kObjects = R"(
WITH members AS (SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e')
SELECT EXISTS (
    SELECT FROM (
        SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass AS classid, oid
          FROM pg_catalog.pg_namespace
          WHERE nspname NOT IN ('public', 'information_schema', 'custody', 'custody_ledger')
            AND nspname NOT LIKE 'pg\_%'
        UNION ALL SELECT 'pg_catalog.pg_class', oid FROM pg_catalog.pg_class
          WHERE relkind NOT IN ('t', 'i', 'I', 'c') AND oid >= 16384
        UNION ALL SELECT 'pg_catalog.pg_proc', oid FROM pg_catalog.pg_proc WHERE oid >= 16384
        UNION ALL SELECT 'pg_catalog.pg_type', t.oid FROM pg_catalog.pg_type t
            LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
          WHERE t.oid >= 16384 AND (typtype IN ('e', 'd', 'b') AND typelem = 0 OR relkind = 'c')
        UNION ALL SELECT 'pg_catalog.pg_largeobject_metadata', oid
          FROM pg_catalog.pg_largeobject_metadata
        UNION ALL SELECT 'pg_catalog.pg_publication', oid FROM pg_catalog.pg_publication
        UNION ALL SELECT 'pg_catalog.pg_event_trigger', oid FROM pg_catalog.pg_event_trigger
        UNION ALL SELECT 'pg_catalog.pg_extension', oid FROM pg_catalog.pg_extension
          WHERE extname NOT IN ('plpgsql', 'custody')
    ) objects WHERE (classid::oid, oid) NOT IN (SELECT classid, objid FROM members)))";

// Schemas (without a relation), tables and sequences that the role cannot lock or read, with the
// table that owns the sequence.
constexpr const char *kUnreadable = R"(
SELECT n.nspname, NULL, NULL, NULL FROM pg_catalog.pg_namespace n
WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND n.nspname NOT LIKE 'pg\_%'
UNION ALL
SELECT n.nspname, c.relname, coalesce(tn.nspname, n.nspname), coalesce(t.relname, c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_depend d ON c.relkind = 'S' AND d.objid = c.oid AND d.refobjsubid > 0
     AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.relkind IN ('r', 'p', 'S') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND n.nspname NOT LIKE 'pg\_%' AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'))";

// Grants that the target gives of its own accord to what is made in it.
constexpr const char *kDefaultGrants = R"(
SELECT pg_catalog.format('role %s, schema %s, objects %s: %s', pg_catalog.pg_get_userbyid(d.defaclrole),
                         coalesce(n.nspname, '(all)'), d.defaclobjtype, d.defaclacl)
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
ORDER BY 1)";

// Custody's state, which not everybody may read whole, and its ledger, which has a path of its own
// (run/move_ledger.hpp).
const std::vector<std::string> kOwnSchemas{"custody", "custody_ledger"};

class Building {
  public:
    Building(pq::Connection &source, pq::Connection &target, const cli::Options &options,
             const plan::Plan &plan, const Stop &stop)
        : source_(source), target_(target), options_(options), plan_(plan), stop_(stop),
          selection_(options),
          quote_all_(source.server_version() / 10000 != target.server_version() / 10000) {}

    Schema run(const std::string &snapshot) {
        if (options_.no_schema) {
            add_all_sequences(read_facts(source_, false));
            return std::move(made_);
        }
        refuse_mappings();
        tell_default_grants();
        const auto programs =
            find_programs(source_.server_version(), target_.server_version(), stop_);
        made_.dump_program = fmt::format("{} {}", programs.dump, programs.version);
        DumpOptions dump{snapshot, kOwnSchemas, {}, quote_all_, options_.no_owner};
        leave_out_unreadable(dump);
        const auto entries = dump_entries(programs, source_, dump, stop_);
        const auto facts = read_facts(source_, quote_all_);
        const bool broad = options_.schemas.empty() && options_.tables.empty();
        auto closure = close(entries, facts, {selection_, broad, !options_.no_privileges});
        made_.not_moved = closure.not_moved;
        tell_without_rows(closure);
        const auto presence = compare_with_target(programs, entries, closure.kept, dump);
        make(entries, facts, closure.kept, presence);
        if (broad)
            for (auto &task : database_tasks(source_, target_, !options_.no_privileges))
                append(std::move(task));
        else
            made_.not_moved.emplace_back(
                "database: its settings, comment and privileges move with the whole database");
        return std::move(made_);
    }

  private:
    /// The text of the dump has the source's names in it.
    void refuse_mappings() {
        if (options_.mappings.empty())
            return;
        made_.findings.push_back(
            {"mapping-needs-target-schema", plan::Severity::blocking,
             options_.mappings.front().from,
             fmt::format("it is to be moved to \"{}\", but the schema is made from the source's",
                         options_.mappings.front().to),
             "create the schema on the target under its new names and use --no-schema"});
    }

    /// pg_dump locks all that it dumps: what we may not read and do not want must not stop it.
    void leave_out_unreadable(DumpOptions &dump) {
        const auto unreadable = source_.exec(kUnreadable);
        for (int row = 0; row < unreadable.rows(); ++row) {
            const auto schema = unreadable.str(row, 0);
            if (unreadable.is_null(row, 1)) {
                if (!selection_.includes_schema(schema))
                    dump.exclude_schemas.push_back(pq::quote_identifier(schema));
                continue;
            }
            const auto table = unreadable.str(row, 1);
            if (!selection_.includes({schema, table, {}}) &&
                !selection_.includes({unreadable.str(row, 2), unreadable.str(row, 3), {}}))
                dump.exclude_tables.push_back(pq::qualified(schema, table));
        }
    }

    /// GRANT adds to them and nothing in a dump takes them away.
    void tell_default_grants() {
        if (options_.no_privileges)
            return;
        const auto grants = target_.exec(kDefaultGrants);
        for (int row = 0; row < grants.rows(); ++row)
            made_.findings.push_back(
                {"target-default-privileges", plan::Severity::warning, grants.str(row, 0),
                 "the target grants these on objects as they are made, whatever the source grants",
                 "drop them with ALTER DEFAULT PRIVILEGES before the run if they are not meant"});
    }

    void tell_without_rows(const Closure &closure) {
        for (const auto &table : closure.without_rows)
            made_.findings.push_back(
                {"moved-without-rows", plan::Severity::warning, "table " + table,
                 "it is not selected, but something selected depends on it: it is made empty",
                 "select it as well if its rows are needed"});
    }

    std::vector<Presence> compare_with_target(const Programs &programs,
                                              const std::vector<Entry> &entries,
                                              const std::vector<bool> &kept, DumpOptions dump) {
        if (!target_.exec(kObjects).boolean(0, 0))
            return std::vector<Presence>(entries.size(), Presence::absent);
        if (programs.major < target_.server_version() / 10000) {
            made_.findings.push_back(
                {"target-not-compared", plan::Severity::warning, "",
                 fmt::format("the target holds objects, and version {} of pg_dump cannot read it",
                             programs.version),
                 "an object that exists already will fail; install the target's pg_dump"});
            return std::vector<Presence>(entries.size(), Presence::absent);
        }
        dump.snapshot.clear();
        dump.exclude_schemas = kOwnSchemas;
        dump.exclude_tables.clear();
        auto compared = compare(entries, kept, dump_entries(programs, target_, dump, stop_),
                                !options_.no_owner);
        std::move(compared.findings.begin(), compared.findings.end(),
                  std::back_inserter(made_.findings));
        return compared.presence;
    }

    void make(const std::vector<Entry> &entries, const Facts &facts, const std::vector<bool> &kept,
              const std::vector<Presence> &presence) {
        TaskInput input{entries, facts, kept, presence, {}};
        for (const auto &table : plan_.tables) {
            input.tables[table.source_oid] = table.id;
            for (const auto &leaf : table.leaves)
                input.tables[leaf.oid] = table.id;
        }
        made_.tasks = make_tasks(input);
        const bool escapes = std::any_of(entries.begin(), entries.end(), [](const Entry &entry) {
            return entry.desc == "STDSTRINGS" &&
                   entry.definition.find("'off'") != std::string::npos;
        });
        if (escapes)
            for (auto &task : made_.tasks)
                if (!task.sql.empty())
                    task.sql.insert(0, "SET LOCAL standard_conforming_strings = off;\n");
        for (std::size_t i = 0; i < entries.size(); ++i)
            if (kept[i] && entries[i].desc == "SEQUENCE")
                add_sequence(entries[i].schema, entries[i].tag);
    }

    void add_all_sequences(const Facts &facts) {
        for (const auto &[oid, relation] : facts.relations)
            if (relation.kind == 'S' && selection_.includes(relation.lineage) &&
                relation.lineage.schema != "custody" && relation.lineage.schema != "custody_ledger")
                add_sequence(relation.lineage.schema, relation.lineage.name);
    }

    void add_sequence(const std::string &schema, const std::string &name) {
        state::TaskRow task;
        task.kind = "sequence";
        task.phase = name_of(Phase::post);
        task.object_type = "SEQUENCE";
        std::tie(task.object_schema, task.object_name) = selection_.target(schema, name);
        task.sql = fmt::format("SELECT last_value, is_called FROM {}", pq::qualified(schema, name));
        append(std::move(task));
    }

    void append(state::TaskRow task) {
        task.id = task.position = static_cast<int>(made_.tasks.size()) + 1;
        made_.tasks.push_back(std::move(task));
    }

    pq::Connection &source_;
    pq::Connection &target_;
    const cli::Options &options_;
    const plan::Plan &plan_;
    const Stop &stop_;
    plan::Selection selection_;
    bool quote_all_;
    Schema made_;
};

} // namespace

Schema build(pq::Connection &source, pq::Connection &target, const cli::Options &options,
             const plan::Plan &plan, const std::string &snapshot, const Stop &stop) {
    return Building(source, target, options, plan, stop).run(snapshot);
}

} // namespace custody::schema
