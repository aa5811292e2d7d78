// Waiting between attempts: exponential, with jitter, cut short by a stop request.
#pragma once

#include <chrono>

namespace custody {

class Backoff {
  public:
    explicit Backoff(int attempts = 6,
                     std::chrono::milliseconds first = std::chrono::milliseconds(200),
                     std::chrono::milliseconds longest = std::chrono::seconds(10))
        : attempts_(attempts), next_(first), longest_(longest) {}

    /// Sleeps and returns true, or returns false when no attempt is left or a stop was asked for.
    bool wait();

  private:
    int attempts_;
    std::chrono::milliseconds next_;
    std::chrono::milliseconds longest_;
};

} // namespace custody
