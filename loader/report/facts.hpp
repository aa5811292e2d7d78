// What a run knows that no state table holds: its phases, its host, whether the source moved on.
// Kept as JSON in custody.migration.report, one entry for each call of the loader.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace custody::report {

/// Seconds since 1970 by the loader's clock.
double now();

struct PhaseFact {
    std::string name;
    double started = 0, finished = 0;
};

/// Work that has no row with times of its own, such as the verification of a table.
struct SpanFact {
    std::string kind, label;
    double started = 0, finished = 0;
};

struct RunFacts {
    std::string host; // of the loader; own_host() names it
    std::string loader_version = CUSTODY_VERSION;
    int jobs = 0;
    double started = 0, finished = 0; // now()
    int exit_code = -1;
    std::vector<PhaseFact> phases;
    std::vector<SpanFact> spans;
    // Where the source stood when the run looked at the end.
    std::optional<bool> source_moved;
    std::string source_lsn;
    double source_looked = 0;
};

std::string own_host();

/// `existing`: custody.migration.report as read, "" for none; the result is what to store there
/// (Migration::finish). An `existing` that is not ours is replaced.
std::string add_run(const std::string &existing, const RunFacts &run);
/// Empty where the text is not ours.
std::vector<RunFacts> read_runs(const std::string &text);

} // namespace custody::report
