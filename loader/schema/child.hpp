// A child process whose streams are pipes and whose output is kept in memory: no file of ours is
// left behind when we are killed, and the child ends with the thread that started it.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace custody::schema {

struct ChildResult {
    int status = 0; // exit status; 128 + signal when a signal ended it
    std::string out;
    std::string err;
};

/// Runs argv[0] (a path) with `environment` ("NAME=value") added to ours, feeds `input`, and
/// waits. A file descriptor in `inherit` (-1 = none) stays open in the child under its number.
/// `stop` is asked about ten times a second; when it answers true the child is ended (killed where
/// it does not want to) and Error(interrupted) thrown. Of each stream `keep` bytes are kept, the
/// rest is read and dropped. Throws Error "child-failed" when the process cannot be started.
ChildResult run_child(const std::vector<std::string> &argv,
                      const std::vector<std::string> &environment, std::string_view input,
                      const std::function<bool()> &stop, int inherit = -1,
                      std::size_t keep = std::numeric_limits<std::size_t>::max());

} // namespace custody::schema
