#include "loader/run/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "loader/core/error.hpp"
#include "loader/core/json.hpp"

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

cli::Options with_stored_settings(cli::Options options, const nlohmann::json &stored) {
    options.schemas = stored.at("schema");
    options.tables = stored.at("table");
    options.exclude_schemas = stored.at("exclude-schema");
    options.exclude_tables = stored.at("exclude-table");
    options.row_filters = stored.at("where");
    options.casts = stored.at("cast");
    options.mappings.clear();
    for (const auto &mapping : stored.at("map"))
        options.mappings.push_back({mapping.at("from"), mapping.at("to")});
    options.no_schema = stored.at("no-schema");
    options.no_owner = stored.at("no-owner");
    options.no_privileges = stored.at("no-privileges");
    return options;
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
