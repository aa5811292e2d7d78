// What must not be on a table while its rows are loaded with triggers off: foreign keys and
// deferrable constraints would be believed unchecked, indexes cost. The tasks that put it back are
// made like those of a dump, from entries that the target's catalogs fill.
#include <algorithm>

#include <fmt/format.h>

#include "loader/schema/schema.hpp"
#include "loader/schema/tasks.hpp"

namespace custody::schema {
namespace {

constexpr std::uint32_t kClassCatalog = 1259, kConstraintCatalog = 2606;

// $1: text[] of qualified names. The tables with the partitioned tables above them and their own
// partitions.
constexpr const char *kScope = R"(
WITH RECURSIVE scope AS (
    SELECT r.oid FROM (
        SELECT pg_catalog.to_regclass(name)::oid AS oid FROM pg_catalog.unnest($1::text[]) name
        UNION SELECT p.relid FROM pg_catalog.unnest($1::text[]) name,
                     pg_catalog.pg_partition_tree(pg_catalog.to_regclass(name)) p
    ) r WHERE r.oid IS NOT NULL
    UNION SELECT i.inhparent FROM scope s JOIN pg_catalog.pg_class c ON c.oid = s.oid
          JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid WHERE c.relispartition
) )";

constexpr const char *kKeys = R"(
SELECT c.oid, n.nspname, pg_catalog.format('%s %s', r.relname, c.conname),
       pg_catalog.format(E'ALTER TABLE %I.%I\n    ADD CONSTRAINT %I %s;', n.nspname, r.relname,
                         c.conname, pg_catalog.pg_get_constraintdef(c.oid))
       || CASE WHEN i.indisclustered THEN
              pg_catalog.format(E'\n\nALTER TABLE %I.%I CLUSTER ON %I;', n.nspname, r.relname,
                                c.conname) ELSE '' END,
       pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, r.relname, c.conname),
       ts.spcname, c.contype,
       CASE WHEN pg_catalog.obj_description(c.oid, 'pg_constraint') IS NOT NULL THEN
           pg_catalog.format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L;', c.conname, n.nspname,
                             r.relname, pg_catalog.obj_description(c.oid, 'pg_constraint')) END
FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = x.reltablespace
WHERE c.conparentid = 0
  AND (c.contype = 'f' AND (c.conrelid IN (SELECT oid FROM scope)
                            OR c.confrelid IN (SELECT oid FROM scope))
       OR c.contype IN ('p', 'u', 'x') AND c.condeferrable
          AND c.conrelid IN (SELECT oid FROM scope))
ORDER BY (c.contype = 'f') DESC, n.nspname, r.relname, c.conname)";

// An index that carries more than its definition, or that something else needs, may stay: it
// costs time, not truth.
constexpr const char *kIndexes = R"(
SELECT x.oid, n.nspname, x.relname, pg_catalog.pg_get_indexdef(x.oid) || ';',
       pg_catalog.format('DROP INDEX %I.%I', n.nspname, x.relname), ts.spcname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class r ON r.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = x.reltablespace
WHERE i.indrelid IN (SELECT oid FROM scope) AND r.relkind = 'r' AND x.relkind = 'i'
  AND NOT x.relispartition AND i.indisvalid AND NOT i.indisclustered AND NOT i.indisreplident
  AND pg_catalog.obj_description(x.oid, 'pg_class') IS NULL
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c
                  WHERE c.conindid = x.oid AND c.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = x.oid AND a.attstattarget >= 0)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = x.oid
                    AND d.deptype = 'e')
ORDER BY n.nspname, r.relname, x.relname)";

struct Found {
    std::vector<Entry> entries;
    std::vector<std::string> drops;
};

Entry entry_of(const pq::Result &result, int row, const char *desc, Found &found) {
    Entry entry;
    entry.desc = desc;
    entry.dump_id = static_cast<int>(found.entries.size()) + 1;
    entry.oid = result.number<std::uint32_t>(row, 0);
    entry.schema = result.str(row, 1);
    entry.tag = result.str(row, 2);
    entry.tablespace = result.str(row, 5);
    if (!entry.tablespace.empty())
        entry.sql = fmt::format("SET LOCAL default_tablespace = {};\n",
                                pq::quote_identifier(entry.tablespace));
    entry.sql += result.str(row, 3);
    found.drops.push_back(result.str(row, 4));
    return entry;
}

void read_keys(pq::Connection &target, const std::string &tables, Found &found) {
    const auto keys = target.query(std::string(kScope) + kKeys, tables);
    for (int row = 0; row < keys.rows(); ++row) {
        const bool foreign = keys.text(row, 6) == "f";
        auto entry = entry_of(keys, row, foreign ? "FK CONSTRAINT" : "CONSTRAINT", found);
        entry.class_oid = kConstraintCatalog;
        Entry comment;
        comment.desc = "COMMENT";
        comment.dump_id = entry.dump_id + 1;
        comment.schema = entry.schema;
        comment.tag = entry.tag;
        comment.depends = {entry.dump_id};
        comment.sql = keys.str(row, 7);
        found.entries.push_back(std::move(entry));
        if (!comment.sql.empty())
            found.entries.push_back(std::move(comment));
    }
}

void read_indexes(pq::Connection &target, const std::string &tables, Found &found) {
    const auto indexes = target.query(std::string(kScope) + kIndexes, tables);
    for (int row = 0; row < indexes.rows(); ++row) {
        auto entry = entry_of(indexes, row, "INDEX", found);
        entry.class_oid = kClassCatalog;
        found.entries.push_back(std::move(entry));
    }
}

} // namespace

SetAside set_aside(pq::Connection &target, const plan::Plan &plan, int first_id) {
    const auto facts = read_facts(target, false);
    std::vector<std::string> names;
    std::map<std::pair<std::string, std::string>, int> ids;
    for (const auto &table : plan.tables) {
        names.push_back(pq::qualified(table.target_schema, table.target_name));
        ids[{table.target_schema, table.target_name}] = table.id;
    }
    const auto tables = pq::array_literal(names);
    Found found;
    read_keys(target, tables, found);
    read_indexes(target, tables, found);
    const std::vector<bool> kept(found.entries.size(), true);
    const std::vector<Presence> presence(found.entries.size(), Presence::absent);
    TaskInput input{found.entries, facts, kept, presence, {}};
    for (const auto &[oid, relation] : facts.relations) {
        auto names_of = relation.lineage.ancestors;
        names_of.emplace_back(relation.lineage.schema, relation.lineage.name);
        for (const auto &name : names_of)
            if (const auto id = ids.find(name); id != ids.end())
                input.tables[oid] = id->second;
    }
    SetAside result{make_tasks(input), std::move(found.drops)};
    for (auto &task : result.tasks) {
        task.id += first_id - 1;
        task.position = task.id;
        task.dump_id.reset();
        task.note = kSetAside;
        for (int &need : task.depends)
            need += first_id - 1;
    }
    return result;
}

void drop_set_aside(pq::Connection &target, const SetAside &set) {
    for (const auto &statement : set.drops)
        target.exec(statement);
}

} // namespace custody::schema
