// Named points of the loader's work at which a test may stop it: kill -9 itself, or wait.
//
// CUSTODY_FAILPOINT=NAME[@N]=kill          SIGKILL at the N-th visit (default 1)
// CUSTODY_FAILPOINT=NAME[@N]=wait:FILE     create FILE, go on when somebody has removed it
// CUSTODY_FAILPOINT=A=kill;B=wait:FILE     several at once
// CUSTODY_FAILPOINT_TRACE=FILE             append the name of every point visited
//
// The table below is the one list of them: a name that is not in it does not compile, and
// `custody --list-failpoints` prints it, so that a test can visit all.
#pragma once

#include <string_view>

namespace custody {

inline constexpr std::string_view kFailpoints[] = {
    "run.before_snapshot",
    "run.after_snapshot",
    "run.after_locks",
    "run.before_create",
    "roles.after_create",
    "aside.after_drop",
    "run.before_create_commit",
    "run.after_create",
    "schema.before_dump",
    "child.before_start",
    "child.started",
    "child.before_end",
    "child.after_end",
    "schema.after_dump",
    "schema.after_read",
    "schema.before_tasks",
    "schema.after_tasks",
    "task.before_begin",
    "task.after_claim",
    "task.before_commit",
    "task.after_commit",
    "table.before_prepare",
    "table.before_prepare_commit",
    "table.after_prepare",
    "part.before_begin",
    "part.after_claim",
    "part.streaming",
    "part.before_state",
    "part.before_commit",
    "part.after_commit",
    "load.after_begin",
    "load.after_record",
    "ledger.after_receive",
    "ledger.after_adopt",
    "ledger.after_seal",
    "table.before_copied",
    "table.after_copied",
    "verify.before_begin",
    "verify.before_commit",
    "verify.after_commit",
    "recheck.before_look",
    "recheck.after_snapshots",
    "sequences.before_commit",
    "sequences.after_commit",
    "large_objects.after_claim",
    "large_objects.before_commit",
    "large_objects.after_commit",
    "vacuum.before",
    "vacuum.after",
    "vacuum.before_commit",
    "vacuum.after_commit",
    "run.before_finish",
    "run.after_finish",
    "run.after_report",
    "stop.before_record",
    "stop.after_record",
    "lock.before_take_again",
    "resume.after_lock",
    "resume.before_snapshot",
    "resume.before_snapshot_commit",
    "resume.after_snapshot_commit",
    "resume.before_confirm",
    "resume.after_confirm",
    "resume.before_reset",
    "resume.before_reset_commit",
    "resume.after_reset",
    "resume.before_large_objects_commit",
    "resume.after_large_objects",
    "resume.before_tasks",
    "resume.before_tasks_commit",
    "resume.after_tasks",
    "compare.after_snapshots",
    "compare.before_table",
    "compare.after_table",
    "checkpoint.before_rename",
    "checkpoint.before_write",
    "checkpoint.after_write",
    "repair.before_apply",
    "repair.after_unit",
    "repair.before_commit",
    "repair.after_commit",
    "repair.after_apply",
    "abandon.after_lock",
    "abandon.after_rows",
    "abandon.before_commit",
    "abandon.after_commit",
};

constexpr bool is_failpoint(std::string_view name) {
    for (const auto &known : kFailpoints)
        if (known == name)
            return true;
    return false;
}

/// A name checked when it is compiled.
class Failpoint {
  public:
    consteval Failpoint(const char *name) : name_(name) { // NOLINT(google-explicit-constructor)
        if (!is_failpoint(name_))
            throw "unknown failpoint";
    }
    std::string_view name() const { return name_; }

  private:
    std::string_view name_;
};

/// Reads the environment; throws Error (usage) when it names a point that does not exist.
void arm_failpoints();

namespace detail {
extern bool failpoints_armed;
void visit_failpoint(std::string_view name);
} // namespace detail

/// Costs one branch unless the environment asked for something. Thread-safe.
inline void failpoint(Failpoint point) {
    if (detail::failpoints_armed)
        detail::visit_failpoint(point.name());
}

} // namespace custody
