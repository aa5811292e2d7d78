// Databases that are written to while they are compared: differences are looked at again under new
// snapshots. What is gone was in flight; what is the same again is persistent; what is another one
// at every look stays unsettled, and then the table is neither equal nor different.
// Errors: what the sides throw; the stop that was asked for.
#pragma once

#include <chrono>
#include <string>

#include "loader/verify/drill_down.hpp"

namespace custody::verify {

/// Both sides under one pair of snapshots, which can be taken anew.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual Side &source() = 0;
    virtual Side &target() = 0;
    /// Where both servers stood when the snapshots were taken; the LSNs were read before them.
    virtual Look look() = 0;
    /// No earlier than when the snapshots were taken: the pause before the next look runs from
    /// here.
    virtual std::chrono::steady_clock::time_point taken() = 0;
    /// Whether either side has been written to since; false only when that is certain.
    virtual bool moved() = 0;
    /// New snapshots on both sides. The Sides are others from then on.
    virtual void look_again() = 0;
};

struct Live {
    DrillDown drill;
    int rechecks = 3; // looks after the first; 0 = none
    std::chrono::milliseconds pause{5000};
    std::uint64_t candidates = 1 << 18; // most differences that are looked at again
};

/// Drills down and, where something moved, looks again. `buckets` are those that differ in the
/// observer's first look.
TableDifferences compare_live(Observer &observer, const Subject &subject,
                              const std::vector<BucketRows> &buckets, const Live &options);

struct Conclusion {
    std::string verdict, reason; // as protocol::verdict
};

/// What the differences of a table whose digests differ add up to.
Conclusion conclude(const TableDifferences &differences);

} // namespace custody::verify
