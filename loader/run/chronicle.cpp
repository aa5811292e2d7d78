#include "loader/run/chronicle.hpp"

namespace custody::run {

Chronicle::Chronicle(int jobs) {
    facts_.host = report::own_host();
    facts_.jobs = jobs;
    facts_.started = report::now();
}

void Chronicle::phase(const std::string &name) {
    const std::lock_guard guard(mutex_);
    const double now = report::now();
    if (!facts_.phases.empty())
        facts_.phases.back().finished = now;
    facts_.phases.push_back({name, now, 0});
}

void Chronicle::span(const std::string &kind, const std::string &label, double started) {
    const std::lock_guard guard(mutex_);
    facts_.spans.push_back({kind, label, started, report::now()});
}

void Chronicle::source_moved(bool moved, const std::string &lsn) {
    const std::lock_guard guard(mutex_);
    facts_.source_moved = moved;
    facts_.source_lsn = lsn;
    facts_.source_looked = report::now();
}

report::RunFacts Chronicle::facts(int exit_code) {
    const std::lock_guard guard(mutex_);
    auto facts = facts_;
    facts.exit_code = exit_code;
    facts.finished = report::now();
    if (!facts.phases.empty())
        facts.phases.back().finished = facts.finished;
    return facts;
}

} // namespace custody::run
