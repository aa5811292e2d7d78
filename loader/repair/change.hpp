// One row's repair, before it is SQL: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/repair/target.hpp"
#include "loader/verify/differences.hpp"

namespace custody::repair {

/// As output functions write them; nullopt = NULL.
using Values = std::vector<std::optional<std::string>>;

enum class Action : std::uint8_t { insert, update, erase };

struct Change {
    Action action = Action::insert;
    std::size_t table = 0;   // of Schema::tables
    Values before;           // the target's row as it was seen; empty for an insert
    Values after;            // the source's; empty for an erase
    std::uint64_t count = 1; // of an erase: that many equal rows of a table without a key
    bool step = false;       // prepares another change of the same row; not counted as a row

    /// Whether an update sets the column.
    bool sets(std::size_t column) const {
        return action != Action::update || before[column] != after[column];
    }
};

/// "public.item (id)=(7)", on one line whatever the values are.
std::string describe(const Schema &schema, const Change &change);
/// "(id)=(7)"; "" where the table has no key.
std::string describe_key(const TargetTable &table, const Values &row);
std::string_view action_name(Action action) noexcept;

struct Changes {
    std::vector<Change> changes;
    std::uint64_t extra_left = 0; // rows that only the target has, and keeps
};

/// A table's differences as changes: equal rows of a table without a key are erased at once, an
/// extra row is left alone unless `erase`. Rows in flight, or without values, are left out.
/// `same_key`: pairs of a missing and an extra row (numbers in `rows`) whose keys the
/// target calls equal though they are written differently, as 1.0 and 1.00: one row to update.
Changes changes_of(const Schema &schema, std::size_t table, std::vector<verify::Difference> rows,
                   const std::vector<std::pair<std::size_t, std::size_t>> &same_key, bool erase);

} // namespace custody::repair
