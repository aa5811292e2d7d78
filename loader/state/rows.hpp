// The rows of custody.migration* as plain values; field names are column names.
// States and verdicts are the strings of common/protocol.hpp; timestamps are text as the server
// prints them (ISO), "" when not set yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/digest.hpp"

namespace custody::state {

struct MigrationRow {
    std::int64_t id = 0;
    std::string name;
    std::string state;
    std::string source; // description, never a password
    std::string source_identity;
    int source_version = 0;
    int target_version = 0;
    std::string loader_version;
    std::string options = "{}"; // JSON
    std::string plan = "{}";    // JSON, plan/json.hpp reads it back
    std::string findings = "[]";
    std::string report; // "" until finished
    std::string created_at, finished_at;
};

/// One exported snapshot. Recorded only after every selected relation was locked and found
/// neither truncated nor rewritten since the export.
struct SnapshotRow {
    int number = 0; // 0 in add_snapshot(): the next one
    std::string name;
    std::string system_identifier;
    std::string lsn;
    std::string xmin_xmax; // pg_current_snapshot()
    std::string taken_at;  // as the source's clock said; "" = now
    std::string locked_at; // when the locks were held and the relations checked; "" = now
    std::string lost_at;
};

struct TableRow {
    int id = 0;
    std::string source_schema, source_table;
    std::string target_schema, target_table;
    std::uint32_t source_oid = 0;
    std::uint32_t source_filenode = 0;
    std::vector<std::string> columns;
    std::vector<std::string> key_columns;
    std::string form;
    int buckets = 1;
    std::string row_filter;
    std::string method;
    std::string part_key;
    std::int64_t bytes = 0;
    std::int64_t estimated_rows = 0;
    std::string persistence = "p";
    std::string state;
    int parts = 0; // in the state, done or not
    int parts_done = 0;
    std::optional<int> snapshot;           // under which its rows were read
    std::optional<int> confirmed_snapshot; // the latest under which the source read the same
    int encoding_version = 0;
    std::string profile;
    std::optional<std::int64_t> source_rows;
    std::optional<digest::BucketSet> source_digests;
    std::optional<std::int64_t> source_count;
    std::optional<std::int64_t> target_rows;
    std::optional<digest::BucketSet> target_digests;
    std::optional<std::int64_t> foreign_rows;
    std::optional<std::int64_t> generated_wrong;
    std::optional<std::int64_t> lossy_rows;
    std::string verdict; // "" until verified
    std::string reason;
    std::string started_at, copied_at, verified_at;
};

struct PartRow {
    int table_id = 0;
    int number = 0;
    int id = 0; // unique within the migration; its lock key is made of it
    std::optional<std::int64_t> lower, upper;
    std::string state;
    std::optional<int> snapshot;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    std::optional<digest::BucketSet> digests;
    std::int64_t lossy_rows = 0;
    std::string writer; // xid8 of the transaction that wrote the rows
    std::string started_at, finished_at;
};

struct TaskRow {
    int id = 0;        // 0 in add_tasks(): the next one
    std::string kind;  // one of custody.migration_task_kind
    std::string phase; // free text; tasks are picked by phase and position
    int position = 0;
    std::string object_type, object_schema, object_name;
    std::optional<int> table_id;
    bool needs_rows = false; // may start only when its table is copied
    std::optional<int> dump_id;
    std::vector<int> depends; // ids, all smaller than its own
    std::string sql;
    std::string state;
    std::string sqlstate, message, detail, hint; // of the error that made it benign or failed
    int attempts = 0;
    std::string writer;
    std::string started_at, finished_at;
    std::string note;
    // What proves it, where its kind needs a proof: definitions, values or digests of both sides.
    std::optional<std::int64_t> source_rows, target_rows;
    std::string source_value, target_value;
    std::string verdict, reason;
    std::string verified_at;
    std::optional<int> snapshot;
};

struct LogRow {
    std::string at;
    std::string severity; // info, warning, error
    std::string object;
    std::string message;
};

} // namespace custody::state
