// Extensions and collations: what the target's operating system brings, or not.
#include "loader/plan/collations.hpp"

#include <map>

#include <fmt/format.h>

#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

struct Available {
    std::string installed, standard;
    bool creatable = false; // by the target's role
};

std::map<std::string, Available> available_extensions(Context &context) {
    std::map<std::string, Available> result;
    const auto rows = context.target.exec(
        "SELECT e.name, e.installed_version, e.default_version,"
        " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR NOT v.superuser"
        " OR (v.trusted AND has_database_privilege(current_database(), 'CREATE'))"
        " FROM pg_available_extensions e LEFT JOIN pg_available_extension_versions v"
        " ON v.name = e.name AND v.version = e.default_version"
        // One that is installed is there, also where its files are not among those that are listed.
        " UNION ALL SELECT extname, extversion, extversion, true FROM pg_extension"
        " WHERE extname NOT IN (SELECT name FROM pg_available_extensions)");
    for (int i = 0; i < rows.rows(); ++i)
        result[rows.str(i, 0)] = {rows.str(i, 1), rows.str(i, 2), rows.boolean(i, 3)};
    return result;
}

void check_extension(Context &context, const std::string &name, const std::string &version,
                     const std::map<std::string, Available> &available) {
    const auto found = available.find(name);
    if (found == available.end()) {
        context.add("extension-unavailable",
                    context.whole_database() ? plan::Severity::blocking : plan::Severity::warning,
                    name,
                    fmt::format("version {} on the source, not available on the target", version));
        return;
    }
    const auto &[installed, standard, creatable] = found->second;
    const std::string &other = installed.empty() ? standard : installed;
    if (installed.empty() && !creatable)
        context.add("extension-privilege", name,
                    fmt::format("not installed on the target, and role {} may not create it",
                                context.plan.target.user));
    else if (installed.empty())
        context.add("extension-created", name, fmt::format("version {} is available", standard));
    if (other != version)
        context.add("extension-version", name,
                    fmt::format("{} on the source, {} on the target", version, other));
}

} // namespace

void check_extensions(Context &context) {
    if (context.options.no_schema)
        return; // the target's schema says what it needs
    const auto available = available_extensions(context);
    const auto rows = context.source.exec("SELECT extname, extversion FROM pg_extension WHERE"
                                          " extname NOT IN ('plpgsql', 'custody') ORDER BY 1");
    for (int i = 0; i < rows.rows(); ++i)
        check_extension(context, rows.str(i, 0), rows.str(i, 1), available);
}

void check_collations(Context &context) {
    const auto text = [](const plan::Collation &collation) {
        return fmt::format("{} {} {}", collation.provider == 'i' ? "ICU" : "libc", collation.locale,
                           collation.version.empty() ? "of unknown version" : collation.version);
    };
    const auto source = plan::read_collations(context.source, {});
    const auto target = plan::read_collations(context.target, {});
    const auto &mine = source.at(plan::kDefaultCollation);
    const auto &other = target.at(plan::kDefaultCollation);
    if (!plan::sort_alike(mine, other))
        context.add("collation-differs", "target",
                    fmt::format("the database sorts by {} on the source, by {} on the target",
                                text(mine), text(other)));
}

} // namespace custody::preflight
