// What happens in a run and when, for its report. Thread-safe.
#pragma once

#include <mutex>
#include <string>

#include "loader/report/facts.hpp"

namespace custody::run {

class Chronicle {
  public:
    explicit Chronicle(int jobs);

    /// The phase before ends where the next begins.
    void phase(const std::string &name);
    void span(const std::string &kind, const std::string &label, double started);
    /// Where the source stood when the run looked at its end.
    void source_moved(bool moved, const std::string &lsn);
    /// All of it, with the end set to now.
    report::RunFacts facts(int exit_code);

  private:
    std::mutex mutex_;
    report::RunFacts facts_;
};

} // namespace custody::run
