// SIGINT and SIGTERM: the first asks for a clean stop (running statements are cancelled, what is
// committed stays, the run can be resumed), the second ends the process at once.
#pragma once

namespace custody {

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
