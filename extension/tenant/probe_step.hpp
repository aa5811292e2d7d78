// The counter behind custody.probe_step(), the condition of the prober's blind writes. It names no
// column, so that a statement with it needs no right to read and only the policy of its own command
// applies; the server asks it once for each row that got past that policy. It answers false, so
// that nothing is written, and ends the statement at the first row too many. One attempt at a time,
// in one backend: PARALLEL UNSAFE.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

struct ProbeSteps {
    bool active;        // outside an attempt the function is nothing but false
    bool takes_first;   // true for the first row: exactly one row is written
    std::int64_t limit; // rows it may meet; one more ends the statement
    std::int64_t met;
};

/// Those of the running attempt.
ProbeSteps &probe_steps() noexcept;

} // namespace custody::tenant
