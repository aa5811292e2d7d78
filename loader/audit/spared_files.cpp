#include "loader/audit/spared_files.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

bool same_file(const std::string &a, const std::string &b) {
    std::error_code unknown; // one that is not there yet has a name only
    return std::filesystem::equivalent(a, b, unknown) ||
           std::filesystem::weakly_canonical(a, unknown) ==
               std::filesystem::weakly_canonical(b, unknown);
}

} // namespace

void spare(const cli::Options &options, std::initializer_list<std::string> files) {
    for (const auto &file : files)
        if (!options.output.empty() && !file.empty() && file != "-" &&
            same_file(options.output, file))
            throw Error(Exit::usage, "usage",
                        fmt::format("--output would replace \"{}\", which the command reads",
                                    ui::printable(file)),
                        {}, "name another file");
}

} // namespace custody::audit
