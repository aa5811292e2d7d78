// A migration's state in the target: everything a run reads and writes of custody.migration*.
// A Migration is an immutable handle (id and name) that threads may share; every function runs on
// the Connection it is given and joins that connection's transaction. Where a function says "in a
// transaction" the caller must have begun one. Nothing is cached: what a function returns was read
// just now. Errors: pq::SqlError; Error with Exit::partial and code state-* when the state is not
// what the caller believed (somebody else moved it).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"
#include "loader/state/rows.hpp"
#include "loader/state/verdict.hpp"

namespace custody::state {

/// What one part brought; the function that stores it adds writer and times.
struct PartResult {
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    digest::BucketSet digests;
    int snapshot = 0;
    std::int64_t lossy_rows = 0; // rows that a cast chosen by the user did not keep
};

/// What proves a task, for the kinds that need proof (custody.migration_task_kind.needs_verdict:
/// sequence, large_object, index, constraint, foreign_key). Values are compared as text.
struct TaskProof {
    std::string source_value, target_value;
    std::optional<std::int64_t> source_rows, target_rows;
    std::string reason; // begins with protocol::kAhead for a sequence that is ahead
    std::optional<int> snapshot;
};

struct Failure {
    std::string sqlstate, message, detail, hint;
};

struct Unproven {
    std::string object_type, object, reason;
};

class Migration {
  public:
    /// Stores a migration with its tables and their parts in one transaction, state open, and
    /// takes the lock of its run on `target` before it becomes visible. `row`: name, source...,
    /// options, plan and findings are used. Throws Error (Exit::refused, migration-exists) when an
    /// unfinished one of this name exists.
    static Migration create(pq::Connection &target, const MigrationRow &row,
                            std::span<const plan::Table> tables);
    /// The unfinished (open or partial) one of this name.
    static std::optional<Migration> find_open(pq::Connection &target, const std::string &name);
    /// The newest of this name, finished or not.
    static std::optional<Migration> find_latest(pq::Connection &target, const std::string &name);
    static std::vector<MigrationRow> list(pq::Connection &target); // newest first

    std::int64_t id() const { return id_; }
    const std::string &name() const { return name_; }

    /// The same migration for a run that works under this snapshot: from then on every function
    /// that changes the state joins the run first, see join_run().
    Migration under(int snapshot) const;
    /// In a transaction: makes it one of the run's, so that a later run waits for its end before
    /// it begins to work. Throws Error (run-taken-over) when a later run has begun: that one
    /// marked our snapshot as lost before it looked who is still at work.
    void join_run(pq::Connection &target) const;

    // The migration itself.
    MigrationRow row(pq::Connection &target) const;
    /// A resumed run: partial or unverified to open; open stays.
    void reopen(pq::Connection &target) const;
    void set_findings(pq::Connection &target, const std::string &json) const;
    /// `state`: protocol::migration_state. Done is refused by the server (SQLSTATE 55000, with the
    /// objects in the detail) while unproven() is not empty. `report`: JSON, "" = leave.
    void finish(pq::Connection &target, std::string_view state, const std::string &report) const;
    std::vector<Unproven> unproven(pq::Connection &target) const;
    /// Deletes the migration with all its state; rows of user tables stay.
    void remove(pq::Connection &target) const;
    void log(pq::Connection &target, const std::string &severity, const std::string &object,
             const std::string &message) const;
    std::vector<LogRow> log_rows(pq::Connection &target) const; // oldest first

    // Snapshots.
    int add_snapshot(pq::Connection &target, const SnapshotRow &snapshot) const;
    /// The same snapshot was exported again under another name (its holder died, a worker lives).
    void rename_snapshot(pq::Connection &target, int number, const std::string &name) const;
    void lose_snapshot(pq::Connection &target, int number) const;
    std::vector<SnapshotRow> snapshots(pq::Connection &target) const;

    // Tables and parts, ordered by id and number.
    std::vector<TableRow> tables(pq::Connection &target) const;
    TableRow table(pq::Connection &target, int table_id) const;
    /// False when a part of a copied table has gone from the state, as no code of ours does it.
    bool has_parts(pq::Connection &target, const TableRow &row) const;
    std::vector<PartRow> parts(pq::Connection &target) const;
    std::vector<PartRow> parts(pq::Connection &target, int table_id) const;
    PartRow part(pq::Connection &target, int table_id, int number) const;
    /// In a transaction: locks the part's row and takes its advisory lock. None when another
    /// worker has it or it is not pending any more.
    std::optional<PartRow> claim_part(pq::Connection &target, int table_id, int number) const;
    /// In the transaction that claimed the part and wrote its rows; returns that transaction's id
    /// (xid8), with which an unknown COMMIT can be resolved.
    std::string finish_part(pq::Connection &target, const PartRow &part,
                            const PartResult &result) const;
    /// Sets the table copied, with the sums of its parts, when all of them are done; false when
    /// one is not, or when another worker did it already. May run in the transaction of the last
    /// part (and should, for a table of one part), or in one of its own. Call it after every part:
    /// of two parts that commit at the same time, neither sees the other.
    bool complete_table(pq::Connection &target, int table_id) const;
    /// In a transaction: table and parts back to pending, verdict and digests cleared, the reason
    /// logged. The caller empties the target table in the same transaction.
    void reset_table(pq::Connection &target, int table_id, const std::string &why) const;
    /// In a transaction, table pending: other parts in place of the ones it had.
    void replace_parts(pq::Connection &target, int table_id, plan::PartMethod method,
                       const std::string &part_key, std::span<const plan::Part> parts) const;
    /// The source's digest under `snapshot` was found to be the recorded one (resume).
    void confirm_table(pq::Connection &target, int table_id, int snapshot) const;
    /// Table copied or verified: judges (verdict.hpp) and stores what was found, state verified.
    Judgement set_verdict(pq::Connection &target, int table_id, const Evidence &evidence) const;
    /// The transactions that wrote a table's rows (writer of its parts), for migration_scan().
    std::vector<std::string> writers(pq::Connection &target, int table_id) const;

    // Tasks, ordered by position and id.
    /// Ids of the new tasks, in their order. A task's `depends` may name only smaller ids; an id of
    /// 0 becomes the next free one (depends of such tasks: ids that exist already, or that the
    /// caller chose).
    std::vector<int> add_tasks(pq::Connection &target, std::span<const TaskRow> tasks) const;
    std::vector<TaskRow> tasks(pq::Connection &target) const;
    TaskRow task(pq::Connection &target, int task_id) const;
    /// In a transaction: locks the task's row and takes its advisory lock. None when another
    /// worker has it, or it is not pending any more, or it is not ready (a dependency is neither
    /// done nor benign, or it needs rows that are not copied yet).
    std::optional<TaskRow> claim_task(pq::Connection &target, int task_id) const;
    /// The first ready one of a phase; none when there is none to be had now.
    std::optional<TaskRow> claim_next_task(pq::Connection &target, const std::string &phase) const;
    /// In the transaction that claimed it and did its work.
    void finish_task(pq::Connection &target, int task_id, const std::string &note = {}) const;
    /// In a transaction of its own, after the work's was rolled back: the error was benign, or not.
    void settle_task(pq::Connection &target, int task_id, std::string_view state,
                     const Failure &failure, const std::string &note = {}) const;
    /// Task done or benign: what both sides say; stores and returns the verdict.
    Judgement prove_task(pq::Connection &target, int task_id, const TaskProof &proof) const;
    /// What kept it from being compared: verdict unverified.
    void leave_task_unverified(pq::Connection &target, int task_id, const std::string &why) const;
    /// Back to pending, with the reason in the log (a failed task of the run before, or one whose
    /// table was reset).
    void reset_task(pq::Connection &target, int task_id, const std::string &why) const;
    /// Its object is no more; nothing depends on it.
    void remove_task(pq::Connection &target, int task_id, const std::string &why) const;

  private:
    Migration(std::int64_t id, std::string name) : id_(id), name_(std::move(name)) {}

    std::int64_t id_;
    std::string name_;
    int snapshot_ = 0; // of the run; 0 = of none
};

} // namespace custody::state
