#include "loader/core/retry.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "loader/core/signals.hpp"

namespace custody {

bool Backoff::wait() {
    if (attempts_-- <= 0)
        return false;
    thread_local std::minstd_rand random(std::random_device{}());
    std::uniform_int_distribution<std::int64_t> spread(next_.count() / 2, next_.count());
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(spread(random));
    while (std::chrono::steady_clock::now() < until) {
        if (stop_requested())
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    next_ = std::min(next_ * 2, longest_);
    return true;
}

} // namespace custody
