#include "loader/report/facts.hpp"

#include <unistd.h>

#include <array>
#include <chrono>

#include "loader/core/json.hpp"

namespace custody::report {
namespace {

using nlohmann::json;

template <typename Fact> json span_json(const Fact &fact) {
    return {{"started", fact.started}, {"finished", fact.finished}};
}

json run_json(const RunFacts &run) {
    json phases = json::array();
    for (const auto &phase : run.phases) {
        phases.push_back(span_json(phase));
        phases.back()["name"] = phase.name;
    }
    json spans = json::array();
    for (const auto &span : run.spans) {
        spans.push_back(span_json(span));
        spans.back()["kind"] = span.kind;
        spans.back()["label"] = span.label;
    }
    json result = {{"host", run.host},
                   {"loader_version", run.loader_version},
                   {"jobs", run.jobs},
                   {"started", run.started},
                   {"finished", run.finished},
                   {"exit_code", run.exit_code},
                   {"phases", std::move(phases)},
                   {"spans", std::move(spans)},
                   {"source_lsn", run.source_lsn},
                   {"source_looked", run.source_looked}};
    if (run.source_moved)
        result["source_moved"] = *run.source_moved;
    return result;
}

RunFacts run_from(const json &value) {
    RunFacts run;
    run.host = value.value("host", "");
    run.loader_version = value.value("loader_version", "");
    run.jobs = value.value("jobs", 0);
    run.started = value.value("started", 0.0);
    run.finished = value.value("finished", 0.0);
    run.exit_code = value.value("exit_code", -1);
    for (const auto &phase : value.value("phases", json::array()))
        run.phases.push_back(
            {phase.value("name", ""), phase.value("started", 0.0), phase.value("finished", 0.0)});
    for (const auto &span : value.value("spans", json::array()))
        run.spans.push_back({span.value("kind", ""), span.value("label", ""),
                             span.value("started", 0.0), span.value("finished", 0.0)});
    if (value.contains("source_moved"))
        run.source_moved = value["source_moved"].get<bool>();
    run.source_lsn = value.value("source_lsn", "");
    run.source_looked = value.value("source_looked", 0.0);
    return run;
}

/// The array of runs in a stored text; an empty one where there is none.
json stored_runs(const std::string &text) {
    const json document = try_json(text);
    if (document.is_object() && document.contains("runs") && document["runs"].is_array())
        return document["runs"];
    return json::array();
}

} // namespace

double now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string own_host() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string add_run(const std::string &existing, const RunFacts &run) {
    json runs = stored_runs(existing);
    runs.push_back(run_json(run));
    return json_line(json{{"runs", std::move(runs)}});
}

std::vector<RunFacts> read_runs(const std::string &text) {
    std::vector<RunFacts> runs;
    try {
        for (const auto &run : stored_runs(text))
            runs.push_back(run_from(run));
    } catch (const json::exception &) {
        runs.clear(); // written by another version: the report says less, it does not fail
    }
    return runs;
}

} // namespace custody::report
