// What the loader and the extension must agree on besides digests: the handshake number, the names
// of states and verdicts, and the layout of advisory lock keys. Constants and pure functions only.
// sql/migration.sql states the same in SQL; test/unit/protocol_test.cpp compares the two.
#pragma once

#include <cstdint>
#include <string_view>

namespace custody::protocol {

/// custody.protocol(): rises with every change of the state tables that an older loader or an
/// older extension cannot work with.
inline constexpr int kProtocol = 1;

namespace migration_state {
inline constexpr std::string_view kOpen = "open";             // a run works on it, or was killed
inline constexpr std::string_view kPartial = "partial";       // stopped, can be resumed
inline constexpr std::string_view kDone = "done";             // all copied, all equal
inline constexpr std::string_view kUnverified = "unverified"; // finished, not all equal
} // namespace migration_state

namespace table_state {
inline constexpr std::string_view kPending = "pending";
inline constexpr std::string_view kCopied = "copied";
inline constexpr std::string_view kVerified = "verified";
} // namespace table_state

namespace part_state {
inline constexpr std::string_view kPending = "pending";
inline constexpr std::string_view kDone = "done";
} // namespace part_state

namespace task_state {
inline constexpr std::string_view kPending = "pending";
inline constexpr std::string_view kDone = "done";
inline constexpr std::string_view kBenign = "benign"; // was there already, structurally the same
inline constexpr std::string_view kFailed = "failed";
} // namespace task_state

namespace verdict {
inline constexpr std::string_view kEqual = "equal";
inline constexpr std::string_view kDifferent = "different";
inline constexpr std::string_view kUnverified = "unverified";
} // namespace verdict

/// An "equal" without an independent count(*) must carry a reason that begins so.
inline constexpr std::string_view kNotCounted = "not counted";
/// An "equal" sequence whose value is not the source's must carry a reason that begins so.
inline constexpr std::string_view kAhead = "ahead";

/// First key of every advisory lock of a migration: 'cust'. In pg_locks: locktype advisory,
/// classid = kLockClass, objid = lock_key(...), objsubid 2.
inline constexpr std::int32_t kLockClass = 0x63757374;

/// Of the advisory lock, with 0 as its second key, under which a repair changes the target: 'cusr'.
inline constexpr std::int32_t kRepairLockClass = 0x63757372;

/// What a lock stands for. `run` is held by the session of a whole run (its id is 0), and shared by
/// each transaction of it that changes the state (kRunMember); the others by the transaction that
/// does the unit of work and sets its state.
enum class LockKind : std::uint32_t { run = 0, table = 1, part = 2, task = 3 };
/// The id under LockKind::run that the transactions of a run share.
inline constexpr std::int32_t kRunMember = 1;

/// Ids of tables, parts and tasks stay below this (a CHECK of the tables says so).
inline constexpr std::int32_t kMaxLockId = (1 << 24) - 1;
/// Two unfinished migrations of one database never share this remainder of their ids (a unique
/// index says so), so that keys are exact and not hashes.
inline constexpr std::int64_t kLockMigrations = 64;

/// Second key: migration id mod 64 (6 bits), kind (2 bits), id (24 bits), high to low, as int4.
/// In SQL: custody.migration_lock_key(migration, kind, id).
constexpr std::int32_t lock_key(std::int64_t migration, LockKind kind, std::int32_t id) noexcept {
    const auto group = static_cast<std::uint32_t>(migration % kLockMigrations);
    return static_cast<std::int32_t>(group << 26 | static_cast<std::uint32_t>(kind) << 24 |
                                     (static_cast<std::uint32_t>(id) & 0xffffffU));
}

} // namespace custody::protocol
