// SIGINT and SIGTERM: the first asks for a clean stop (running statements are cancelled, what is
// committed stays, the run can be resumed), the second ends the process at once.
#pragma once

#include <string_view>

namespace custody {

/// Says what is true of the work once a signal has stopped it, and what to do then; the text is not
/// copied. Until it is called: "run the same command again". Call before any other thread.
void set_stop_hint(std::string_view hint) noexcept;
std::string_view stop_hint() noexcept;

/// Blocks the signals in the calling thread and those it will start, and starts the thread that
/// receives them. Call once, before any other thread. Children must unblock them (posix_spawn's
/// signal mask).
void install_signals();

/// The signal that asked for a stop, 0 when none did. Any thread.
int stop_signal() noexcept;

/// From now on nothing is cancelled any more, so that the end of a stopped run can be recorded.
void end_cancelling() noexcept;

/// Throws Error (interrupted or terminated) when a stop was asked for.
void throw_if_stopped();

/// Asks all threads to stop without a signal having come, after a fatal error of one of them.
void request_stop() noexcept;
bool stop_requested() noexcept;

} // namespace custody
