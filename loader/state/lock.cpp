#include "loader/state/lock.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/signals.hpp"

namespace custody::state {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPoll = 100ms;
/// How long a backend that was told to end may take; it ends at its next interrupt check.
constexpr auto kTerminationTime = 30s;

/// Backends but our own that hold an advisory lock whose second key satisfies `condition` on k.
std::vector<Backend> holders(pq::Connection &target, const std::string &condition) {
    const auto result = target.exec(
        fmt::format("SELECT l.pid, max(a.application_name), "
                    "max(coalesce(host(a.client_addr), 'local')), "
                    "max(coalesce(a.xact_start, a.backend_start)), max(left(a.query, 200)) "
                    "FROM (SELECT pid, objid::pg_catalog.int8 AS k FROM pg_catalog.pg_locks "
                    "WHERE locktype = 'advisory' AND classid = {} AND objsubid = 2 AND granted "
                    "AND pid <> pg_catalog.pg_backend_pid() AND database = (SELECT oid FROM "
                    "pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) l "
                    "LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
                    "WHERE {} GROUP BY l.pid ORDER BY l.pid",
                    protocol::kLockClass, condition));
    std::vector<Backend> backends;
    for (int i = 0; i < result.rows(); ++i)
        backends.push_back({result.number<int>(i, 0), result.str(i, 1), result.str(i, 2),
                            result.str(i, 3), result.str(i, 4), false});
    return backends;
}

std::string key_condition(std::int32_t key) {
    return fmt::format("k = {}", static_cast<std::uint32_t>(key));
}

std::string unit_condition(std::int64_t migration) {
    return fmt::format(
        "k >> 26 = {} AND k <> {}", migration % protocol::kLockMigrations,
        static_cast<std::uint32_t>(protocol::lock_key(migration, protocol::LockKind::run, 0)));
}

std::int32_t run_key(std::int64_t migration) {
    return protocol::lock_key(migration, protocol::LockKind::run, 0);
}

void terminate(pq::Connection &target, const std::vector<Backend> &backends) {
    for (const auto &backend : backends) {
        try {
            target.exec(fmt::format("SELECT pg_catalog.pg_terminate_backend({})", backend.pid));
        } catch (const pq::SqlError &error) {
            if (error.sqlstate() != "42501")
                throw;
            throw Error(Exit::partial, "leftover-backend",
                        "a backend left over by an earlier run cannot be ended",
                        describe(backend) + ": " + error.what(),
                        "wait until it is gone, or let its owner or a superuser run "
                        "pg_terminate_backend()");
        }
    }
}

/// Waits until nobody holds such a lock; ends the holders after `grace`.
std::vector<Backend> wait_gone(pq::Connection &target, const std::string &condition,
                               std::chrono::milliseconds grace) {
    const auto start = Clock::now();
    bool ended = false;
    std::vector<Backend> met;
    for (;;) {
        const auto now = holders(target, condition);
        for (const auto &backend : now) {
            const auto same = [&](const Backend &b) { return b.pid == backend.pid; };
            if (std::find_if(met.begin(), met.end(), same) == met.end())
                met.push_back(backend);
        }
        if (now.empty())
            return met;
        const auto waited = Clock::now() - start;
        if (waited >= grace && !ended) {
            terminate(target, now);
            for (auto &backend : met)
                for (const auto &alive : now)
                    backend.terminated = backend.terminated || backend.pid == alive.pid;
            ended = true;
        }
        if (waited >= grace + kTerminationTime)
            throw Error(Exit::partial, "leftover-backend",
                        "a backend left over by an earlier run does not end",
                        describe(now.front()) + ": " + now.front().query,
                        "wait until it is gone, then run again");
        throw_if_stopped();
        std::this_thread::sleep_for(kPoll);
    }
}

} // namespace

std::string describe(const Backend &backend) {
    return fmt::format("process {} (\"{}\" from {}, since {})", backend.pid,
                       backend.application_name, backend.client, backend.since);
}

std::optional<Backend> run_holder(pq::Connection &target, std::int64_t migration) {
    auto found = holders(target, key_condition(run_key(migration)));
    if (found.empty())
        return std::nullopt;
    return found.front();
}

std::optional<Backend> lock_run(pq::Connection &target, std::int64_t migration,
                                std::chrono::milliseconds patience) {
    const auto give_up = Clock::now() + patience;
    std::optional<Backend> holder;
    for (;;) {
        const auto locked =
            target.exec(fmt::format("SELECT pg_catalog.pg_try_advisory_lock({}, {})",
                                    protocol::kLockClass, run_key(migration)));
        if (locked.boolean(0, 0))
            return std::nullopt;
        holder = run_holder(target, migration);
        // Without a holder it was let go in between: the next try gets it.
        if (holder && Clock::now() >= give_up)
            return holder;
        throw_if_stopped();
        std::this_thread::sleep_for(kPoll);
    }
}

Error run_in_progress(const std::string &name, const Backend &holder) {
    return {Exit::refused, "run-in-progress", "another run works on migration \"" + name + "\"",
            describe(holder),
            "wait for it, or stop it; if its program is gone, end its session with "
            "pg_terminate_backend(" +
                std::to_string(holder.pid) + ") on the target"};
}

void unlock_run(pq::Connection &target, std::int64_t migration) {
    target.exec(fmt::format("SELECT pg_catalog.pg_advisory_unlock({}, {})", protocol::kLockClass,
                            run_key(migration)));
}

std::vector<Backend> workers(pq::Connection &target, std::int64_t migration) {
    return holders(target, unit_condition(migration));
}

std::vector<Backend> wait_for_leftovers(pq::Connection &target, std::int64_t migration,
                                        std::chrono::milliseconds grace) {
    return wait_gone(target, unit_condition(migration), grace);
}

void wait_for_unit(pq::Connection &target, std::int32_t key, std::chrono::milliseconds grace) {
    wait_gone(target, key_condition(key), grace);
}

std::int32_t part_lock(std::int64_t migration, int part_id) {
    return protocol::lock_key(migration, protocol::LockKind::part, part_id);
}

std::int32_t task_lock(std::int64_t migration, int task_id) {
    return protocol::lock_key(migration, protocol::LockKind::task, task_id);
}

} // namespace custody::state
