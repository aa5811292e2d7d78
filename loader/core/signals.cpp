#include "loader/core/signals.hpp"

#include <atomic>
#include <csignal>
#include <ctime>
#include <string>
#include <thread>

#include <pthread.h>
#include <unistd.h>

#include "loader/core/error.hpp"
#include "loader/pq/connection.hpp"

namespace custody {
namespace {

std::atomic<int> received{0};
std::atomic<bool> requested{false};
std::atomic<bool> recording{false};
std::string_view hint_of_command = "run the same command again";

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

// Cancels again and again: a statement may start right after one round.
void receive_signals() {
    const sigset_t set = stop_signals();
    const timespec pause{0, 300'000'000};
    for (;;) {
        const int signal = sigtimedwait(&set, nullptr, &pause);
        if (signal > 0) {
            int none = 0;
            if (!received.compare_exchange_strong(none, signal))
                _exit(128 + signal);
            requested = true;
        }
        if (received != 0 && !recording)
            pq::cancel_all();
    }
}

} // namespace

void set_stop_hint(std::string_view hint) noexcept { hint_of_command = hint; }
std::string_view stop_hint() noexcept { return hint_of_command; }

void install_signals() {
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a write past a limit fails, and is told
    std::thread(receive_signals).detach();
}

int stop_signal() noexcept { return received; }

void throw_if_stopped() {
    if (received == SIGTERM)
        throw Error(Exit::terminated, "terminated", "stopped by SIGTERM", "",
                    std::string(stop_hint()));
    if (received != 0)
        throw Error(Exit::interrupted, "interrupted", "stopped by SIGINT", "",
                    std::string(stop_hint()));
    if (requested)
        throw Error(Exit::partial, "stopped", "stopped after an error elsewhere");
}

void end_cancelling() noexcept { recording = true; }

void request_stop() noexcept { requested = true; }
bool stop_requested() noexcept { return requested; }

} // namespace custody
