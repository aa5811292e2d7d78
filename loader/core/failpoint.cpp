#include "loader/core/failpoint.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "loader/core/error.hpp"

namespace custody {

bool detail::failpoints_armed = false;

namespace {

struct Armed {
    std::string name;
    std::string action;
    int visits_left = 0;
};

std::mutex mutex;
std::vector<Armed> armed;
std::string trace_file;

Armed parse(const std::string &setting) {
    const auto equals = setting.find('=');
    Armed result;
    result.name = setting.substr(0, equals);
    result.action = equals == std::string::npos ? "kill" : setting.substr(equals + 1);
    result.visits_left = 1;
    if (const auto at = result.name.find('@'); at != std::string::npos) {
        const char *first = result.name.data() + at + 1;
        const char *last = result.name.data() + result.name.size();
        if (std::from_chars(first, last, result.visits_left).ptr != last || result.visits_left < 1)
            throw Error(Exit::usage, "bad-failpoint",
                        fmt::format("CUSTODY_FAILPOINT \"{}\" has no valid visit number", setting));
        result.name.resize(at);
    }
    if (!is_failpoint(result.name))
        throw Error(Exit::usage, "bad-failpoint",
                    fmt::format("there is no failpoint \"{}\"", result.name), "",
                    "custody --list-failpoints prints the names");
    if (result.action != "kill" && !result.action.starts_with("wait:"))
        throw Error(
            Exit::usage, "bad-failpoint",
            fmt::format("failpoint action \"{}\" is neither kill nor wait:FILE", result.action));
    return result;
}

void wait_for_removal(const std::string &file) {
    std::ofstream(file).put('\n');
    while (std::filesystem::exists(file))
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

} // namespace

void arm_failpoints() {
    if (const char *trace = std::getenv("CUSTODY_FAILPOINT_TRACE"); trace != nullptr) {
        trace_file = trace;
        detail::failpoints_armed = true;
    }
    if (const char *setting = std::getenv("CUSTODY_FAILPOINT"); setting != nullptr && *setting) {
        for (std::string_view rest = setting; !rest.empty();) {
            const auto end = std::min(rest.find(';'), rest.size());
            armed.push_back(parse(std::string(rest.substr(0, end))));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        detail::failpoints_armed = true;
    }
}

void detail::visit_failpoint(std::string_view name) {
    std::unique_lock lock(mutex);
    if (!trace_file.empty())
        std::ofstream(trace_file, std::ios::app) << name << '\n';
    const auto due = std::find_if(armed.begin(), armed.end(), [&](Armed &point) {
        return point.name == name && point.visits_left > 0 && --point.visits_left == 0;
    });
    if (due == armed.end())
        return;
    const std::string action = due->action;
    lock.unlock();
    if (action == "kill")
        kill(getpid(), SIGKILL);
    else
        wait_for_removal(action.substr(std::string_view("wait:").size()));
}

} // namespace custody
