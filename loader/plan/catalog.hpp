// What a plan needs from one server's catalogs, read by a handful of queries. Values without a
// connection; read_* leave the connection's transaction as they found it, apart from the
// search_path, which must be empty (CatalogScope sees to that).
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::plan {

using Oid = std::uint32_t;

/// While it lives, the connection is in a transaction with an empty search_path. One that was
/// open already is used and left open.
class CatalogScope {
  public:
    explicit CatalogScope(pq::Connection &connection);
    ~CatalogScope();
    CatalogScope(const CatalogScope &) = delete;
    CatalogScope &operator=(const CatalogScope &) = delete;

  private:
    pq::Connection &connection_;
    bool own_;
};

struct Relation {
    Oid oid = 0;
    std::string schema, name;
    char kind = 'r';        // relkind
    char persistence = 'p'; // relpersistence
    Oid parent = 0;         // of a partition
    std::string bound;      // FOR VALUES ... of a partition
    std::string access_method;
    std::string extension;         // that it is a member of
    bool extension_config = false; // its rows are dumped, those that the condition selects
    std::string condition;
    bool readable = true; // SELECT is granted and row security is not in the way
};

struct Attribute {
    std::string name;
    Oid type = 0;
    int typmod = -1;
    std::string formatted; // format_type(type, typmod)
    bool not_null = false;
    bool has_default = false; // or is an identity column
    char generated = 0;       // 's' stored, 'v' virtual
    std::string expression;   // of a generated column
    Oid collation = 0;
};

/// Size and shape of one table.
struct Measure {
    Oid filenode = 0;
    std::int64_t heap_bytes = 0, toast_bytes = 0, block_size = 8192;
    double reltuples = -1; // -1 = never vacuumed or analyzed
    std::int64_t relpages = 0;
};

struct Partitioning {
    char strategy = 'r'; // r, l, h
    bool expressions = false;
    std::string definition; // pg_get_partkeydef
    std::vector<Oid> types; // of the key columns that are no expressions
    std::set<Oid> collations;
};

Server read_server(pq::Connection &connection);
/// Everything that may hold or show rows, outside the system's schemas; by oid.
std::map<Oid, Relation> read_relations(pq::Connection &connection);
std::map<Oid, std::vector<Attribute>> read_attributes(pq::Connection &connection,
                                                      const std::set<Oid> &relations);
std::map<Oid, std::vector<std::string>> read_primary_keys(pq::Connection &connection);
std::map<Oid, Measure> read_measures(pq::Connection &connection, const std::set<Oid> &relations);
std::map<Oid, Partitioning> read_partitionings(pq::Connection &connection);
/// Tables that a foreign key of another table references.
std::set<Oid> read_referenced(pq::Connection &connection);

/// "{1,2,3}" for a parameter of type oid[].
std::string oid_array(const std::set<Oid> &oids);

} // namespace custody::plan
