// What the experiments measure with: objects that are counted, and server errors on demand.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::test {

/// An object with a destructor. The number alive is what a leak shows in.
class Tracked {
  public:
    Tracked() noexcept { ++live; }
    ~Tracked() { --live; }
    Tracked(const Tracked &) = delete;
    Tracked &operator=(const Tracked &) = delete;

    static inline int live = 0;
};

/// Raises an ERROR as server code does, every field set. Plain C-style.
void server_error();

} // namespace custody::test
