// Who works on a migration: the lock of the whole run, the locks of its units of work, and the
// backends that a killed loader or a lost connection left behind. `running` is never stored; it
// is a lock that a live backend holds. Errors: pq::SqlError, and Error as named below.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/pq/connection.hpp"

namespace custody::state {

/// A backend of the target, as pg_stat_activity shows it.
struct Backend {
    int pid = 0;
    std::string application_name;
    std::string client; // address, or "local"
    std::string since;  // of its transaction, or of its session when idle
    std::string query;
    bool terminated = false; // by wait_for_leftovers()
};

/// "process 42 ("custody" from local, since ...)".
std::string describe(const Backend &backend);

/// Takes the session lock of a run on `target`; none when taken, else who holds it. Lost with the
/// connection: take it again after a reconnect. Waits up to `patience` for a holder to go (the
/// backend of a killed loader needs a moment to notice).
std::optional<Backend> lock_run(pq::Connection &target, std::int64_t migration,
                                std::chrono::milliseconds patience = std::chrono::seconds(3));
/// The Error to throw when lock_run() returned a holder: Exit::refused, code run-in-progress.
Error run_in_progress(const std::string &name, const Backend &holder);
void unlock_run(pq::Connection &target, std::int64_t migration);
/// Who holds the run's lock, if anybody does; takes nothing.
std::optional<Backend> run_holder(pq::Connection &target, std::int64_t migration);

/// Backends, other than `target`'s own, in a transaction that works on the migration.
std::vector<Backend> workers(pq::Connection &target, std::int64_t migration);

/// For the start of a run, under the run's lock and before it has workers of its own: waits until
/// no backend works on the migration any more, and ends those that still do after `grace`.
/// Returns those it met. Throws Error (Exit::partial, leftover-backend) when one cannot be ended.
std::vector<Backend> wait_for_leftovers(pq::Connection &target, std::int64_t migration,
                                        std::chrono::milliseconds grace);

/// The same for one unit, after its connection was lost in mid-run: when this returns, whatever
/// the lost backend did has been committed or rolled back, and reading the state again tells
/// which. `key` is PartRow's or TaskRow's through part_lock() or task_lock() below.
void wait_for_unit(pq::Connection &target, std::int32_t key, std::chrono::milliseconds grace);

std::int32_t part_lock(std::int64_t migration, int part_id);
std::int32_t task_lock(std::int64_t migration, int task_id);

} // namespace custody::state
