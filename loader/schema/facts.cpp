#include "loader/schema/facts.hpp"

namespace custody::schema {
namespace {

constexpr const char *kRelations = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind,
       CASE WHEN c.relispartition THEN i.inhparent END,
       CASE WHEN c.relkind = 'S' THEN d.refobjid END
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
LEFT JOIN pg_catalog.pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass
     AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
     AND d.deptype IN ('a', 'i')
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= 16384)";

constexpr const char *kConstraints = R"(
SELECT c.oid, c.contype, c.conrelid, coalesce(r.relkind, ' '),
       CASE WHEN r.oid IS NOT NULL THEN pg_catalog.format('%I.%I', rn.nspname, r.relname) END,
       pg_catalog.quote_ident(c.conname), pg_catalog.pg_get_constraintdef(c.oid),
       c.condeferrable, c.condeferred, c.convalidated,
       CASE WHEN c.contype IN ('p', 'u') THEN pg_catalog.pg_get_indexdef(c.conindid) END,
       xn.nspname, x.relname,
       a.amname = 'btree' AND NOT i.indisclustered AND NOT i.indisreplident,
       c.confrelid, coalesce(f.relkind, ' '), c.conparentid
FROM pg_catalog.pg_constraint c
LEFT JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_namespace xn ON xn.oid = x.relnamespace
LEFT JOIN pg_catalog.pg_am a ON a.oid = x.relam
LEFT JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
WHERE c.oid >= 16384 AND c.contype IN ('p', 'u', 'x', 'f', 'c'))";

constexpr const char *kHosts = R"(
SELECT 'pg_catalog.pg_class'::regclass::oid, indexrelid, indrelid
  FROM pg_catalog.pg_index WHERE indexrelid >= 16384
UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass::oid, oid, conrelid
  FROM pg_catalog.pg_constraint WHERE oid >= 16384 AND conrelid <> 0
UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass::oid, oid, tgrelid
  FROM pg_catalog.pg_trigger WHERE oid >= 16384 AND NOT tgisinternal
UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass::oid, oid, ev_class
  FROM pg_catalog.pg_rewrite WHERE oid >= 16384
UNION ALL SELECT 'pg_catalog.pg_policy'::regclass::oid, oid, polrelid FROM pg_catalog.pg_policy
UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass::oid, oid, adrelid
  FROM pg_catalog.pg_attrdef WHERE oid >= 16384
UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass::oid, oid, stxrelid
  FROM pg_catalog.pg_statistic_ext)";

char letter(const pq::Result &result, int row, int column) {
    const auto text = result.text(row, column);
    return text.empty() ? ' ' : text[0];
}

void read_relations(pq::Connection &source, Facts &facts) {
    const auto result = source.exec(kRelations);
    std::map<std::uint32_t, std::uint32_t> parents;
    for (int row = 0; row < result.rows(); ++row) {
        const auto oid = result.number<std::uint32_t>(row, 0);
        auto &relation = facts.relations[oid];
        relation.lineage.schema = result.str(row, 1);
        relation.lineage.name = result.str(row, 2);
        relation.kind = letter(result, row, 3);
        relation.owner_oid = result.number<std::uint32_t>(row, 5);
        if (!result.is_null(row, 4))
            parents[oid] = result.number<std::uint32_t>(row, 4);
    }
    for (auto &[oid, relation] : facts.relations)
        for (auto up = parents.find(oid); up != parents.end(); up = parents.find(up->second)) {
            const auto parent = facts.relations.find(up->second);
            if (parent == facts.relations.end())
                break;
            relation.lineage.ancestors.emplace_back(parent->second.lineage.schema,
                                                    parent->second.lineage.name);
        }
}

void read_constraints(pq::Connection &source, Facts &facts) {
    const auto result = source.exec(kConstraints);
    for (int row = 0; row < result.rows(); ++row) {
        auto &constraint = facts.constraints[result.number<std::uint32_t>(row, 0)];
        constraint.type = letter(result, row, 1);
        constraint.table = result.number<std::uint32_t>(row, 2);
        constraint.table_kind = letter(result, row, 3);
        constraint.table_name = result.str(row, 4);
        constraint.name = result.str(row, 5);
        constraint.definition = result.str(row, 6);
        constraint.deferrable = result.boolean(row, 7);
        constraint.deferred = result.boolean(row, 8);
        constraint.validated = result.boolean(row, 9);
        constraint.index_definition = result.str(row, 10);
        constraint.index_schema = result.str(row, 11);
        constraint.index_name = result.str(row, 12);
        constraint.plain_index = result.boolean(row, 13);
        constraint.referenced = result.number<std::uint32_t>(row, 14);
        constraint.referenced_kind = letter(result, row, 15);
        constraint.parent = result.number<std::uint32_t>(row, 16);
    }
}

} // namespace

Facts read_facts(pq::Connection &source, bool quote_all) {
    source.exec("SELECT pg_catalog.set_config('search_path', '', false)");
    source.query("SELECT pg_catalog.set_config('quote_all_identifiers', $1, false)",
                 std::string(quote_all ? "on" : "off"));
    Facts facts;
    read_relations(source, facts);
    read_constraints(source, facts);
    const auto hosts = source.exec(kHosts);
    for (int row = 0; row < hosts.rows(); ++row)
        facts.hosts[{hosts.number<std::uint32_t>(row, 0), hosts.number<std::uint32_t>(row, 1)}] =
            hosts.number<std::uint32_t>(row, 2);
    source.exec("SELECT pg_catalog.set_config('quote_all_identifiers', 'off', false)");
    return facts;
}

} // namespace custody::schema
