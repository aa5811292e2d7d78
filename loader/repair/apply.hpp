// Makes the changes on the target, as any client would: triggers, constraints and row security act.
// A batch is one transaction. One that fails is tried again unit by unit, so that only what cannot
// be done is left, and what failed for a constraint is tried once more when the rest is done.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "loader/pq/connection.hpp"
#include "loader/repair/order.hpp"
#include "loader/repair/result.hpp"

namespace custody::repair {

class Applier {
  public:
    /// Throws SqlError, and Error (refused) "repair-running" while there is another of the same
    /// target. Made before the target is looked at, so that no other repair changes it from then
    /// on.
    Applier(const std::string &target_conninfo, const Schema &schema, std::uint64_t batch_rows);

    /// Adds to the result what was done and what failed. Throws SqlError when the connection is
    /// lost and Error when a stop is asked for; what is committed stays.
    void apply(const std::vector<Unit> &units, Result &result);

    /// Whether a row of the target's table may have been written: by the changes, or by triggers
    /// and foreign keys because of them.
    bool wrote(const std::string &schema, const std::string &name) const;

  private:
    struct Failed {
        const Unit *unit;
        Failure failure;
    };
    struct Done {
        Counts rows;
        std::uint64_t statements = 0, already = 0;
    };

    void apply_batch(std::span<const Unit> batch, Result &result);
    void try_batch(std::span<const Unit> batch, Result &result);
    void execute(const Unit &unit, Done &done);
    void execute(const Change &change, Done &done);
    void note_written();
    bool is_there_already(const Change &change);
    void lock();
    void rollback();

    pq::Connection connection_;
    const Schema &schema_;
    std::uint64_t batch_rows_;
    const Change *current_ = nullptr; // what an error is about
    std::vector<Failed> failed_;
    bool counted_ = true; // the server counts what a session writes
    std::set<std::pair<std::string, std::string>> written_;
};

} // namespace custody::repair
