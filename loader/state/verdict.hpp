// From what was measured to a verdict on a table: pure, and by the same rules as the CHECK
// constraint table_equal_is_proven, which refuses any other "equal".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/digest.hpp"

namespace custody::state {

/// What verification found on the target; none = not looked at, which never proves anything.
struct Evidence {
    std::optional<std::int64_t> target_rows;
    std::optional<digest::BucketSet> target_digests;
    std::optional<std::int64_t> foreign_rows;    // rows that none of the run's writers wrote
    std::optional<std::int64_t> generated_wrong; // 0 where the target generates no column
    std::optional<std::int64_t> source_count;    // independent count(*) under the same snapshot
    bool count_turned_off = false;               // by the user: equal without, and it says so
    std::string source_changed; // a later read of the source was not the copied one; says how
    std::string error;          // what kept it from looking; "" = nothing did
};

struct Judgement {
    std::string verdict; // equal, different, unverified
    std::string reason;  // "" for an equal that has nothing to add
};

/// `lossy_rows`: rows of the copy that did not survive a cast.
Judgement judge(std::int64_t source_rows, const digest::BucketSet &source,
                std::optional<std::int64_t> lossy_rows, const Evidence &evidence);

} // namespace custody::state
