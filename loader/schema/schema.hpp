// How the schema gets from source to target: the entries of one pg_dump, each as one task.
//
//   auto schema = schema::build(source, target, options, plan, snapshot, stop);  // reads only
//   ... schema.findings go to the preflight, schema.not_moved to the plan and the report,
//   ... schema.tasks are stored with state::..., in a transaction
//   auto outcome = schema::apply(target, task);      // inside the caller's transaction
//
// No function here writes to the source. Only apply(), create_roles(), set_aside() and
// set_sequence() write to the target. All throw pq::SqlError or Error; none keeps a thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"
#include "loader/schema/phase.hpp"
#include "loader/state/migration.hpp"

namespace custody::schema {

/// Asked about ten times a second while a child process runs; true ends the child and throws
/// Error(interrupted, "interrupted").
using Stop = std::function<bool()>;

struct Schema {
    std::vector<state::TaskRow> tasks;   // by position; ids and depends are set, from 1
    std::vector<std::string> not_moved;  // "kind name: reason"
    std::vector<plan::Finding> findings; // objects that exist and differ (blocking), ...
    std::string dump_program;            // the pg_dump that was used, with its version
};

/// Dumps the source's schema under `snapshot` (a name from pg_export_snapshot(), whose
/// transaction is open; "" = none, for a dry run) and turns every entry of it into a task, a line
/// of not_moved, or nothing (pieces of the session such as ENCODING). An object that exists on
/// the target is compared with the same entry of the target's own dump: the same = a task without
/// SQL, which apply() calls benign; another = a blocking finding "object-differs".
/// With no_schema only tasks of kind sequence are made, and nothing is dumped.
/// Errors: pg-dump-missing and pg-dump-too-old (refused), pg-dump-failed (refused),
/// dump-unreadable.
Schema build(pq::Connection &source, pq::Connection &target, const cli::Options &options,
             const plan::Plan &plan, const std::string &snapshot, const Stop &stop = {});

/// How a task ended. `benign` = the target had what the task would have made.
struct Outcome {
    enum class State { done, benign, failed } state = State::done;
    std::string sqlstate, message, detail, hint, note;
};

/// Runs the task's SQL under a savepoint of the caller's open transaction, so that a failure
/// leaves the transaction usable and its state can be recorded in it. Errors worth another try
/// (connection lost, cancelled, deadlock, lock timeout) are thrown instead.
Outcome apply(pq::Connection &target, const state::TaskRow &task);

/// Up to `limit` rows "(1, x)" of a referencing table whose key is missing in the referenced
/// one, for a validate task that failed with 23503. Reads as many rows as it needs.
std::vector<std::string> orphan_samples(pq::Connection &target, const state::TaskRow &validate,
                                        int limit);

/// A role that the dump, the policies or the settings name.
struct Role {
    std::string name;
    bool login = false, inherit = true;
    int connection_limit = -1;
    std::string valid_until;                  // "" = no limit
    std::vector<std::string> dropped;         // attributes not created: "SUPERUSER", ...
    std::vector<std::string> member_of;       // roles
    std::vector<std::string> member_of_admin; // the same, WITH ADMIN OPTION
};

/// Roles that owners, grants, policies, default privileges and settings of the source database
/// name and that the target lacks, with the roles they are members of. Honours no_owner and
/// no_privileges. Independent of the selection where the source's catalogs do not tell.
std::vector<Role> missing_roles(pq::Connection &source, pq::Connection &target,
                                const cli::Options &options);

/// Creates them without passwords, inside the caller's transaction; never SUPERUSER, CREATEROLE,
/// CREATEDB, REPLICATION or BYPASSRLS: those are returned as findings.
std::vector<plan::Finding> create_roles(pq::Connection &target, const std::vector<Role> &roles);

/// The note of the tasks that put back what was set aside.
inline constexpr const char *kSetAside = "set aside while the rows were loaded";

struct SetAside {
    std::vector<state::TaskRow> tasks; // build it all again; ids from first_id
    std::vector<std::string> drops;    // statements, in order
};

/// Existing foreign keys on or to, deferrable unique constraints on, and indexes of the plan's
/// target tables (but those that other constraints, partitioned indexes or replica identities
/// need). Reads only. Call drop_set_aside() in the transaction that stores the tasks.
SetAside set_aside(pq::Connection &target, const plan::Plan &plan, int first_id);
/// Drops it, inside the caller's transaction.
void drop_set_aside(pq::Connection &target, const SetAside &set);

/// For a task of kind "sequence", whose sql reads the source's (apply() is not for it): sets the
/// target's so that it is not behind the source's, read now; one that is ahead stays. Returns
/// what to prove the task with.
state::TaskProof set_sequence(pq::Connection &source, pq::Connection &target,
                              const state::TaskRow &task);

} // namespace custody::schema
