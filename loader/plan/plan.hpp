// The plan: what a run will do, as --dry-run prints it and as a run executes it.
// Pure values without connections; built by plan/build.hpp, stored in the target by state/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/wire_row.hpp"

namespace custody::plan {

struct Server {
    std::string description; // host:port/database
    int version = 0;         // PG_VERSION_NUM style
    std::string identity;    // system identifier and database; falls back to description
    std::string encoding;    // server_encoding of the database
    std::string user;
    bool superuser = false;
    bool bypasses_row_security = false;
    bool in_recovery = false;
};

enum class Severity { info, warning, blocking };

/// One result of the preflight: what was seen and what to do.
struct Finding {
    std::string code; // stable, listed in docs/diagnostics.md
    Severity severity = Severity::info;
    std::string object; // "" or the object's name
    std::string seen;
    std::string remedy;
};

struct Column {
    std::string name;
    std::string type; // format_type() on the source, schema-qualified
    std::string target_type;
    std::string cast; // type to cast to on the source; "" = none (types and typmods agree)
    bool lossy_checked = false; // the cast is the user's choice: count rows that do not survive
    wire::TypeRule rule;
};

enum class PartMethod { whole, ctid, key, leaf };

/// Half-open range [lower, upper) of block numbers (ctid), key values or numbers of leaves from 0;
/// none = unbounded.
struct Part {
    int number = 1; // from 1, in order of the range
    std::optional<std::int64_t> lower;
    std::optional<std::int64_t> upper;
};

struct GeneratedColumn {
    std::string name;
    std::string expression; // pg_get_expr on the target, on the source where that lacks the table
    std::string type;       // format_type() where the expression was read, typmod included
    bool composite = false; // compared by text: the image of a composite carries its origin
};

/// A partition of the source whose rows a table of the plan takes in.
struct Leaf {
    std::string schema, name;
    std::uint32_t oid = 0, filenode = 0;
};

struct Table {
    int id = 0;                             // from 1, stable within a migration
    std::string schema, name;               // on the source
    std::string target_schema, target_name; // on the target
    std::uint32_t source_oid = 0;
    std::uint32_t source_filenode = 0;      // pg_relation_filenode at planning
    std::string persistence = "p";          // relpersistence on the source
    std::vector<Column> columns;            // canonical order: by name, bytewise
    std::vector<std::string> key;           // primary key columns, canonical order; may be empty
    std::vector<GeneratedColumn> generated; // stored on the target, left out of the copy
    wire::Form form = wire::Form::binary;   // also the COPY format
    std::string form_reason;                // why text; "" for binary
    std::uint32_t buckets = 1;
    std::string row_filter; // SQL condition on the source; "" = all rows
    bool routed = false;    // the target's table is partitioned and places the rows itself
    // Where partitions of the source land mixed in one table of the target, the source's table is
    // their common ancestor and these are read; otherwise empty.
    std::vector<Leaf> leaves;
    PartMethod method = PartMethod::whole;
    std::string part_key;    // the key column for PartMethod::key
    std::vector<Part> parts; // at least one
    std::int64_t estimated_rows = 0;
    std::int64_t bytes = 0; // heap and TOAST on the source
    // A foreign key of another table on the *target* references it now: no TRUNCATE. Keys that
    // only the source has come after the rows and do not count.
    bool referenced = false;
    bool target_exists = false;    // the target had the table at planning
    std::uint32_t target_oid = 0;  // of it
    bool extension_config = false; // rows of an extension's configuration table; row_filter tells
                                   // the user's rows from the extension's own, on both
                                   // sides, and is never empty
    std::string extension;         // its name, when extension_config
};

struct Plan {
    Server source, target;
    std::vector<Table> tables;          // largest first
    std::vector<std::string> not_moved; // "kind name: reason" for what is out of scope
    std::vector<Finding> findings;

    bool blocked() const {
        for (const auto &finding : findings)
            if (finding.severity == Severity::blocking)
                return true;
        return false;
    }
};

} // namespace custody::plan
