#include "loader/run/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "loader/core/error.hpp"

namespace custody::run {

nlohmann::json settings_json(const cli::Options &options) {
    nlohmann::json mappings = nlohmann::json::array();
    for (const auto &mapping : options.mappings)
        mappings.push_back({{"from", mapping.from}, {"to", mapping.to}});
    return {
        {"schema", options.schemas},
        {"table", options.tables},
        {"exclude-schema", options.exclude_schemas},
        {"exclude-table", options.exclude_tables},
        {"where", options.row_filters},
        {"map", std::move(mappings)},
        {"cast", options.casts},
        {"no-schema", options.no_schema},
        {"no-owner", options.no_owner},
        {"no-privileges", options.no_privileges},
    };
}

void require_same_settings(const nlohmann::json &stored, const cli::Options &options) {
    const auto now = settings_json(options);
    std::vector<std::string> differing;
    for (const auto &[name, value] : now.items())
        if (stored.value(name, nlohmann::json()) != value)
            differing.push_back("--" + name);
    if (!differing.empty())
        throw Error(Exit::refused, "settings-differ",
                    fmt::format("migration \"{}\" was begun with other settings", options.name),
                    fmt::format("different: {}", fmt::join(differing, ", ")),
                    "use the options it was begun with, another --name, or custody abandon");
}

} // namespace custody::run
