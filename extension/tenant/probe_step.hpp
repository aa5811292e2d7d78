// The counter behind custody.probe_step(), the condition of the prober's blind writes. It names no
// column, so that a statement with it needs no right to read and only the policy of its own command
// applies; the server asks it once for each row that got past that policy. It answers false, so
// that nothing is written, and ends the statement at the first row too many, or of another
// organization: it looks at the row that is being scanned. One attempt at a time, in one backend:
// PARALLEL UNSAFE.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

struct ProbeSteps {
    bool takes_first = false;         // true for the first row: exactly one row is written
    std::int64_t limit = 0;           // rows it may meet; one more ends the statement
    const char *org_column = nullptr; // nullptr: the rows are not looked at
    const char *org = nullptr;        // whose rows they should be
    std::int64_t met = 0;
    std::int64_t looked = 0; // of these, those whose organization could be seen
    std::int64_t others = 0; // of these, those of another one
};

/// Those of the running attempt, or of the last one.
ProbeSteps &probe_steps() noexcept;

/// Between these the function counts; otherwise it is nothing but false. They do not nest.
bool is_counting() noexcept;
void begin_steps(const ProbeSteps &steps) noexcept;
void end_steps() noexcept;

} // namespace custody::tenant
