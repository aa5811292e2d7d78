#include "loader/audit/spared_files.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/core/file.hpp"
#include "loader/report/output.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

bool same_file(const std::filesystem::path &a, const std::filesystem::path &b) {
    std::error_code unknown; // one that is not there yet has a name only
    return std::filesystem::equivalent(a, b, unknown) || real_name(a) == real_name(b);
}

} // namespace

void spare(const cli::Options &options, std::vector<std::string> files) {
    if (options.output.empty())
        return;
    const auto first = custody::report::written_first(options.output);
    files.push_back(options.config);
    for (const auto &file : files)
        if (!file.empty() && file != "-" &&
            (same_file(options.output, file) || same_file(first, file)))
            throw Error(Exit::usage, "usage",
                        fmt::format("--output would replace \"{}\", which the command reads",
                                    ui::printable(file)),
                        {}, "name another file");
}

} // namespace custody::audit
