#include "loader/plan/catalog.hpp"

#include <fmt/format.h>

namespace custody::plan {
namespace {

char first(const pq::Result &result, int row, int column) {
    const auto text = result.text(row, column);
    return text.empty() ? '\0' : text.front();
}

double real(const pq::Result &result, int row, int column) {
    return std::strtod(result.str(row, column).c_str(), nullptr);
}

// relpages and reltuples are estimates; sizes come from the files (read_measures).
constexpr const char *kRelations = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
       CASE WHEN c.relispartition THEN i.inhparent END, a.amname, e.extname,
       x.condition IS NOT NULL, x.condition,
       c.relkind NOT IN ('r', 'p')
       OR (has_schema_privilege(n.oid, 'USAGE')
           AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
           AND NOT row_security_active(c.oid)),
       pg_get_expr(c.relpartbound, c.oid)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
  LEFT JOIN pg_am a ON a.oid = c.relam
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.objsubid = 0 AND d.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = d.refobjid
  LEFT JOIN (SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition
               FROM pg_extension) x ON x.oid = c.oid
 WHERE c.relkind IN ('r', 'p', 'f', 'm', 'v', 'S') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')";

constexpr const char *kAttributes = R"(
SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod),
       a.attnotnull, a.attidentity <> '' OR (a.atthasdef AND a.attgenerated = '')
       OR EXISTS (SELECT FROM pg_type t WHERE t.oid = a.atttypid AND t.typdefault IS NOT NULL),
       a.attgenerated,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END, a.attcollation
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attname COLLATE "C")";

constexpr const char *kPrimaryKeys = R"(
SELECT i.indrelid, array_agg(a.attname::text ORDER BY a.attname COLLATE "C")
  FROM pg_index i
  CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS k
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
 WHERE i.indisprimary AND i.indisvalid
 GROUP BY i.indrelid)";

constexpr const char *kMeasures = R"(
SELECT c.oid, pg_relation_filenode(c.oid), pg_relation_size(c.oid, 'main'),
       CASE WHEN c.reltoastrelid <> 0 THEN pg_relation_size(c.reltoastrelid, 'main') END,
       current_setting('block_size'), c.reltuples, c.relpages
  FROM pg_class c
 WHERE c.oid = ANY ($1::oid[]))";

constexpr const char *kPartitionings = R"(
SELECT p.partrelid, p.partstrat, p.partexprs IS NOT NULL, a.atttypid, p.partcollation[k],
       pg_get_partkeydef(p.partrelid)
  FROM pg_partitioned_table p
  CROSS JOIN LATERAL generate_series(0, p.partnatts - 1) AS k
  LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[k]
        AND p.partattrs[k] <> 0)";

constexpr const char *kServer = R"(
SELECT current_setting('server_version_num'), pg_encoding_to_char(encoding), current_user,
       r.rolsuper, r.rolsuper OR r.rolbypassrls, pg_is_in_recovery(), current_database(),
       has_function_privilege('pg_control_system()', 'EXECUTE')
  FROM pg_database d, pg_roles r
 WHERE d.datname = current_database() AND r.rolname = current_user)";

} // namespace

CatalogScope::CatalogScope(pq::Connection &connection)
    : connection_(connection), own_(!connection.in_transaction()) {
    if (own_)
        connection_.exec("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    connection_.exec("SET LOCAL search_path = ''");
}

CatalogScope::~CatalogScope() {
    if (!own_ || !connection_.alive())
        return;
    try {
        connection_.exec("ROLLBACK");
    } catch (const Error &) {
        // The next statement on the connection reports what is wrong with it.
    }
}

std::string oid_array(const std::set<Oid> &oids) {
    return fmt::format("{{{}}}", fmt::join(oids, ","));
}

Server read_server(pq::Connection &connection) {
    const auto row = connection.exec(kServer);
    Server server;
    server.description = connection.description();
    server.version = row.number<int>(0, 0);
    server.encoding = row.str(0, 1);
    server.user = row.str(0, 2);
    server.superuser = row.boolean(0, 3);
    server.bypasses_row_security = row.boolean(0, 4);
    server.in_recovery = row.boolean(0, 5);
    server.identity = server.description;
    if (row.boolean(0, 7)) {
        const auto system = connection.exec("SELECT system_identifier FROM pg_control_system()");
        server.identity = system.str(0, 0) + "/" + row.str(0, 6);
    }
    return server;
}

std::map<Oid, Relation> read_relations(pq::Connection &connection) {
    std::map<Oid, Relation> relations;
    const auto rows = connection.exec(kRelations);
    for (int i = 0; i < rows.rows(); ++i) {
        Relation relation;
        relation.oid = rows.number<Oid>(i, 0);
        relation.schema = rows.str(i, 1);
        relation.name = rows.str(i, 2);
        relation.kind = first(rows, i, 3);
        relation.persistence = first(rows, i, 4);
        relation.parent = rows.number<Oid>(i, 5);
        relation.access_method = rows.str(i, 6);
        relation.extension = rows.str(i, 7);
        relation.extension_config = rows.boolean(i, 8);
        relation.condition = rows.str(i, 9);
        relation.readable = rows.boolean(i, 10);
        relation.bound = rows.str(i, 11);
        const Oid oid = relation.oid;
        relations.emplace(oid, std::move(relation));
    }
    return relations;
}

std::map<Oid, std::vector<Attribute>> read_attributes(pq::Connection &connection,
                                                      const std::set<Oid> &relations) {
    std::map<Oid, std::vector<Attribute>> attributes;
    for (const Oid oid : relations)
        attributes[oid]; // also for a table without columns
    const auto rows = connection.query(kAttributes, oid_array(relations));
    for (int i = 0; i < rows.rows(); ++i) {
        Attribute attribute;
        attribute.name = rows.str(i, 1);
        attribute.type = rows.number<Oid>(i, 2);
        attribute.typmod = rows.number<int>(i, 3);
        attribute.formatted = rows.str(i, 4);
        attribute.not_null = rows.boolean(i, 5);
        attribute.has_default = rows.boolean(i, 6);
        attribute.generated = first(rows, i, 7);
        attribute.expression = rows.str(i, 8);
        attribute.collation = rows.number<Oid>(i, 9);
        attributes[rows.number<Oid>(i, 0)].push_back(std::move(attribute));
    }
    return attributes;
}

std::map<Oid, std::vector<std::string>> read_primary_keys(pq::Connection &connection) {
    std::map<Oid, std::vector<std::string>> keys;
    const auto rows = connection.exec(kPrimaryKeys);
    for (int i = 0; i < rows.rows(); ++i)
        keys[rows.number<Oid>(i, 0)] = pq::parse_array(rows.text(i, 1));
    return keys;
}

std::map<Oid, Measure> read_measures(pq::Connection &connection, const std::set<Oid> &relations) {
    std::map<Oid, Measure> measures;
    const auto rows = connection.query(kMeasures, oid_array(relations));
    for (int i = 0; i < rows.rows(); ++i) {
        Measure measure;
        measure.filenode = rows.number<Oid>(i, 1);
        measure.heap_bytes = rows.number(i, 2);
        measure.toast_bytes = rows.number(i, 3);
        measure.block_size = rows.number(i, 4);
        measure.reltuples = real(rows, i, 5);
        measure.relpages = rows.number(i, 6);
        measures.emplace(rows.number<Oid>(i, 0), measure);
    }
    return measures;
}

std::map<Oid, Partitioning> read_partitionings(pq::Connection &connection) {
    std::map<Oid, Partitioning> partitionings;
    const auto rows = connection.exec(kPartitionings);
    for (int i = 0; i < rows.rows(); ++i) {
        Partitioning &partitioning = partitionings[rows.number<Oid>(i, 0)];
        partitioning.strategy = first(rows, i, 1);
        partitioning.expressions = rows.boolean(i, 2);
        partitioning.definition = rows.str(i, 5);
        if (!rows.is_null(i, 3))
            partitioning.types.push_back(rows.number<Oid>(i, 3));
        if (const Oid collation = rows.number<Oid>(i, 4); collation != 0)
            partitioning.collations.insert(collation);
    }
    return partitionings;
}

std::set<Oid> read_referenced(pq::Connection &connection) {
    std::set<Oid> referenced;
    const auto rows = connection.exec("SELECT DISTINCT confrelid FROM pg_constraint"
                                      " WHERE contype = 'f' AND conrelid <> confrelid");
    for (int i = 0; i < rows.rows(); ++i)
        referenced.insert(rows.number<Oid>(i, 0));
    return referenced;
}

} // namespace custody::plan
