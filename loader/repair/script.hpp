// The script that psql runs: every change with its guard, batch by batch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loader/repair/order.hpp"

namespace custody::repair {

struct Counts {
    std::uint64_t inserts = 0, updates = 0, deletes = 0;
    std::uint64_t total() const { return inserts + updates + deletes; }
    void add(const Change &change);
};

/// What stands at the head of the script.
struct ScriptHead {
    std::string source, target; // host:port/database
    std::string source_lsn, target_lsn;
    std::string made_at;
};

using Sink = std::function<void(std::string_view)>;

/// Units from `first` on that make one batch: at least one, otherwise up to so many rows.
std::span<const Unit> next_batch(std::span<const Unit> units, std::size_t first,
                                 std::uint64_t batch_rows);

void write_script(const ScriptHead &head, const Schema &schema, const Order &order,
                  std::uint64_t batch_rows, const Sink &sink);

} // namespace custody::repair
