// The report of a migration as plain values: loaded from the target (load.hpp), printed as text,
// JSON or HTML (render.hpp). Timestamps are text as the server prints them, "" when not set;
// offsets are seconds since Report::created_at. No field ever holds a password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/core/error.hpp"
#include "loader/plan/plan.hpp"

namespace custody::report {

/// Rises when a field of the JSON changes its meaning or goes away; new fields do not raise it.
inline constexpr int kSchemaVersion = 1;

struct Side {
    std::string description; // host:port/database
    std::string identity;    // system identifier and database
    int version = 0;         // PG_VERSION_NUM style
    std::string encoding;
    std::string user;
};

struct Snapshot {
    int number = 0;
    std::string name;
    std::string system_identifier;
    std::string lsn;       // of the source when it was taken
    std::string xmin_xmax; // pg_current_snapshot()
    std::string taken_at, locked_at;
    std::string lost_at; // "" = held to the end
};

/// What is measured from its start to its end; end < 0 = not finished.
struct Timing {
    double start = -1, end = -1;
    double seconds() const { return end >= start && start >= 0 ? end - start : 0; }
};

struct Table {
    int id = 0;
    std::string source, target; // schema.table, unquoted
    std::string state, verdict, reason;
    std::optional<std::int64_t> source_rows, target_rows;
    std::string source_digest, target_digest; // 32 hexadecimal digits
    std::optional<std::int64_t> source_count, foreign_rows, generated_wrong, lossy_rows;
    std::string form, profile;
    int encoding_version = 0;
    int buckets = 1;
    std::string row_filter, method;
    int parts = 0;
    std::int64_t bytes = 0; // streamed
    std::vector<std::string> columns, key;
    std::vector<std::string> partitions; // of the source, where several became this one table
    std::optional<int> snapshot, confirmed_snapshot;
    std::string verified_at;
    Timing copy;
};

/// Everything else that a run does: dump entries, indexes, constraints, sequences, large objects.
struct Task {
    int id = 0;
    std::string kind, phase;
    std::string object_type, object; // schema.name, unquoted
    std::string state;               // pending, done, benign, failed
    bool needs_verdict = false;
    std::string verdict, reason;
    std::optional<std::int64_t> source_rows, target_rows;
    std::string source_value, target_value;
    std::string sqlstate, message, detail, hint, note;
    Timing timing;
};

struct Phase {
    std::string name;
    Timing timing;
};

/// A bar of the picture of where the time went.
struct Span {
    std::string kind; // copy, index, foreign key, ...: its color
    std::string label;
    Timing timing;
};

struct LogEntry {
    std::string at, severity, object, message;
};

/// One call of the loader that worked on the migration.
struct Run {
    std::string host, loader_version;
    int jobs = 0;
    std::string started_at, finished_at;
    int exit_code = -1; // -1 = not known: it was killed
};

/// Whether the source was written to after the snapshot; only as good as where it looked.
struct SourceMoved {
    std::optional<bool> moved; // none = nobody looked
    std::string lsn;           // of the source when the run looked
    std::string looked_at;
};

struct Report {
    std::int64_t id = 0;
    std::string name, state;
    std::string created_at, finished_at, generated_at;
    double duration = 0; // seconds from created_at to finished_at, or until now
    std::string loader_version, extension_version;
    int protocol = 0;
    Side source, target;
    std::vector<Run> runs;
    std::vector<Snapshot> snapshots;
    SourceMoved source_moved;
    std::vector<Table> tables; // by source name
    std::vector<Task> tasks;   // by id
    std::vector<std::string> not_moved;
    std::vector<plan::Finding> findings;
    std::vector<Phase> phases;
    std::vector<Span> spans;
    std::vector<LogEntry> log;
};

/// What a reader wants to know first.
struct Summary {
    std::string verdict;  // equal, different, unverified
    std::string headline; // one sentence
    Exit exit = Exit::unverified;
    std::int64_t rows = 0, bytes = 0;
    int parts = 0;
    int tables_equal = 0, tables_different = 0, tables_unverified = 0;
    int objects_equal = 0, objects_different = 0, objects_unverified = 0; // tasks with a verdict
    int tasks_done = 0, tasks_benign = 0, tasks_failed = 0, tasks_pending = 0;
    bool complete() const { return tasks_failed == 0 && tasks_pending == 0; }
};

Summary summarize(const Report &report);

/// What the verdict "equal" stands on in this report, and what it does not show; for the reader.
std::vector<std::string> proves(const Report &report);
std::vector<std::string> does_not_prove(const Report &report);

} // namespace custody::report
