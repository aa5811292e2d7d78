// What went wrong, as a user reads it: a stable code, a message, what was seen, what to do.
// Every failure of the loader is an Error or something derived from it; main() turns it into one
// message on stderr and the exit code it carries.
#pragma once

#include <stdexcept>
#include <string>

namespace custody {

/// Exit codes of the loader; docs/loader.md describes them. Partial success is never `ok`.
enum class Exit : int {
    ok = 0,         // done and verified
    usage = 1,      // wrong command line or configuration
    connection = 2, // a server could not be reached or refused the login
    refused = 3,    // refused before the first write
    partial = 4,    // stopped half way; can be resumed
    unverified = 5, // verification says different or unverified
    mismatch = 6,   // extension and loader do not match
    interrupted = 130,
    terminated = 143,
};

class Error : public std::runtime_error {
  public:
    /// `code` is the stable name listed in docs/diagnostics.md, for example "target-not-empty".
    Error(Exit exit, std::string code, const std::string &message, std::string detail = {},
          std::string hint = {})
        : std::runtime_error(message), exit_(exit), code_(std::move(code)),
          detail_(std::move(detail)), hint_(std::move(hint)) {}

    Exit exit() const { return exit_; }
    const std::string &code() const { return code_; }
    const std::string &detail() const { return detail_; }
    const std::string &hint() const { return hint_; }

  private:
    Exit exit_;
    std::string code_;
    std::string detail_;
    std::string hint_;
};

} // namespace custody
