#include "loader/run/comparison.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/protocol.hpp"
#include "loader/report/output.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/task_proof.hpp"

namespace custody::run {
namespace {

constexpr int kSchemaVersion = 1;

Comparison from_proof(std::string type, std::string name, const state::TaskProof &proof) {
    Comparison result{std::move(type),
                      std::move(name),
                      {},
                      {},
                      proof.source_value,
                      proof.target_value,
                      std::string(protocol::verdict::kEqual),
                      proof.reason};
    if (proof.source_value != proof.target_value && proof.reason.empty()) {
        result.verdict = protocol::verdict::kDifferent;
        result.reason = fmt::format("source {}, target {}", proof.source_value, proof.target_value);
    }
    return result;
}

Exit exit_of(const std::vector<Comparison> &results) {
    const bool equal =
        !results.empty() && std::all_of(results.begin(), results.end(), [](const auto &result) {
            return result.verdict == protocol::verdict::kEqual;
        });
    return equal ? Exit::ok : Exit::unverified;
}

std::string json_text(const copy::SnapshotFacts &snapshot, const std::vector<Comparison> &results) {
    nlohmann::json objects = nlohmann::json::array();
    for (const auto &result : results) {
        nlohmann::json object = {{"type", result.type},       {"name", result.name},
                                 {"verdict", result.verdict}, {"reason", result.reason},
                                 {"source", result.source},   {"target", result.target}};
        if (result.source_rows)
            object["source_rows"] = *result.source_rows;
        if (result.target_rows)
            object["target_rows"] = *result.target_rows;
        objects.push_back(std::move(object));
    }
    return nlohmann::json{{"schema_version", kSchemaVersion},
                          {"snapshot",
                           {{"lsn", snapshot.lsn},
                            {"bounds", snapshot.bounds},
                            {"taken_at", snapshot.taken_at}}},
                          {"verdict", exit_of(results) == Exit::ok ? "equal" : "not equal"},
                          {"objects", std::move(objects)}}
               .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
           "\n";
}

std::string plain_text(const std::vector<Comparison> &results) {
    std::size_t width = 6;
    for (const auto &result : results)
        width = std::max(width, result.name.size());
    std::string text;
    int equal = 0;
    int different = 0;
    for (const auto &result : results) {
        equal += result.verdict == protocol::verdict::kEqual ? 1 : 0;
        different += result.verdict == protocol::verdict::kDifferent ? 1 : 0;
        text += fmt::format("{:<{}}  {:<10}  {}\n", result.name, width, result.verdict,
                            !result.reason.empty() ? result.reason
                            : result.source_rows   ? fmt::format("{} rows, digest {}",
                                                                 *result.source_rows, result.source)
                                                   : result.source);
    }
    return text + fmt::format("{} equal, {} different, {} unverified\n", equal, different,
                              static_cast<int>(results.size()) - equal - different);
}

} // namespace

Comparison compare_sequence(Worker &worker, const state::TaskRow &task) {
    return from_proof("sequence", task.object_schema + "." + task.object_name,
                      sequence_proof(worker, task));
}

Comparison compare_large_object(Worker &worker, const state::TaskRow &task) {
    return from_proof("large object", task.object_name, large_object_proof(worker, task));
}

Exit print_comparisons(const cli::Options &options, const copy::SnapshotFacts &snapshot,
                       std::vector<Comparison> results) {
    std::sort(results.begin(), results.end(), [](const auto &a, const auto &b) {
        return std::tie(a.type, a.name) < std::tie(b.type, b.name);
    });
    return report::deliver(exit_of(results), [&] {
        report::write_stdout(options.json ? json_text(snapshot, results) : plain_text(results));
    });
}

} // namespace custody::run
