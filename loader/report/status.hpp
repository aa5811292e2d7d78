// `custody status`: how far a migration is, from custody.migration_progress and _verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/pq/connection.hpp"

namespace custody::report {

/// One table, task or large group of work, as the views show it.
struct StatusObject {
    std::string object;
    std::string command; // COPY, CREATE INDEX, ...
    std::string phase;   // waiting, copying, verifying, copied, verified, done, failed, ...
    std::optional<int> pid;
    std::optional<std::int64_t> parts_total, parts_done;
    std::optional<std::int64_t> bytes_total, bytes_processed;
    std::optional<std::int64_t> tuples_total, tuples_processed;
    std::optional<std::int64_t> blocks_total, blocks_done;
    std::string started_at;
    std::string verdict, reason; // of tables; "" for the rest
    bool is_table() const { return command == "COPY"; }
};

struct Status {
    std::int64_t id = 0;
    std::string name, state, source, created_at, finished_at;
    std::string holder; // who runs it now: application and address; "" = nobody
    std::vector<StatusObject> objects;
};

/// Throws Error (Exit::refused, migration-not-found).
Status load_status(pq::Connection &target, const std::string &name);

std::string render_status_text(const Status &status, bool color);
std::string render_status_json(const Status &status);

/// Prints it on stdout. The exit code is `ok` whatever the state: the question was answered.
void print_status(const cli::Options &options, pq::Connection &target);

} // namespace custody::report
