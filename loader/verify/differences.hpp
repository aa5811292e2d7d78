// What a drill-down found in one table: rows that differ, by key, with the columns that do.
// Plain values; made by drill_down(), printed by the report, turned into SQL by repair.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/verify/side.hpp"

namespace custody::verify {

enum class Kind : std::uint8_t { missing, extra, different }; // on the target
/// open: seen once. in_flight: gone, or another one, when it was looked at again.
enum class Age : std::uint8_t { open, persistent, in_flight };

/// Which part of a value is kept, see keep_pieces(); bytes 0 = all of it.
struct Piece {
    std::size_t from = 0, bytes = 0; // bytes before it; of the whole value
};

struct ColumnDifference {
    std::string column;
    std::optional<std::string> source, target; // nullopt = NULL
    Piece source_piece = {}, target_piece = {};
};

struct Difference {
    Kind kind = Kind::different;
    Age age = Age::open;
    std::vector<std::optional<std::string>> key; // empty where the table has none
    std::optional<RowValues> source, target;     // absent where the side lacks the row
    std::vector<ColumnDifference> columns;       // of Kind::different
    std::vector<Piece> pieces; // of the values of a row without a key; empty = all whole
};

/// A look at both sides: where each stood.
struct Look {
    std::string source_lsn, target_lsn, at;
};

struct TableDifferences {
    std::vector<std::string> key, columns; // names, in the order of a difference's values
    bool redacted = false;                 // values were taken out, see redact()
    std::vector<Difference> rows;          // at most the limit, in the order of their keys
    std::uint64_t missing = 0, extra = 0, different = 0; // all but those in flight, counted
    std::uint64_t in_flight = 0, persistent = 0;         // of those that were looked at again
    std::uint64_t unsettled = 0;    // changed at every look, or not looked at again: Age::open
    std::uint64_t rows_shipped = 0; // row hashes that travelled, both sides
    std::vector<Look> looks;        // one, or more where differences were looked at again

    std::uint64_t total() const { return missing + extra + different; }
};

/// Takes all values out, those of keys too; rows are told by their places, columns by their names.
void redact(TableDifferences &differences);

} // namespace custody::verify
