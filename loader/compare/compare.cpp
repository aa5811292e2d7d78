#include "loader/compare/compare.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "loader/compare/differ.hpp"
#include "loader/compare/normalise.hpp"
#include "loader/compare/queries.hpp"
#include "loader/compare/read.hpp"
#include "loader/compare/render.hpp"
#include "loader/compare/scope.hpp"
#include "loader/core/log.hpp"
#include "loader/pq/same_database.hpp"
#include "loader/report/output.hpp"
#include "loader/ui/progress.hpp"

namespace custody::compare {
namespace {

/// Every class once, in the order of the report. The same for every version of the server.
std::vector<std::string> all_kinds() {
    std::vector<std::string> kinds;
    for (const auto &query : all_queries(0))
        if (std::find(kinds.begin(), kinds.end(), query.kind) == kinds.end())
            kinds.push_back(query.kind);
    kinds.emplace_back("server setting");
    return kinds;
}

std::string rendered(const Comparison &comparison, const std::vector<std::string> &kinds,
                     const cli::Options &options) {
    if (options.json || options.format == "json")
        return render_json(comparison, kinds);
    if (options.format == "html")
        return render_html(comparison, kinds);
    const bool color = options.output.empty() && ui::use_color(STDOUT_FILENO, options.color);
    return render_text(comparison, kinds, {color});
}

/// When the comparison was made, by the clock of the source.
std::string now(pq::Connection &source) {
    return source
        .exec("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'")
        .str(0, 0);
}

} // namespace

Exit compare(const cli::Options &options) {
    const auto kinds = all_kinds();
    const Scope scope(options);
    IgnoreList ignore(options.ignore, kinds);
    auto source_connection = pq::Connection::open(options.source, "custody compare", "source");
    auto target_connection = pq::Connection::open(options.target, "custody compare", "target");
    pq::require_two_databases(source_connection, target_connection);
    log::info("reading the catalogs of {}", source_connection.description());
    auto source = read(source_connection, "source");
    log::info("reading the catalogs of {}", target_connection.description());
    auto target = read(target_connection, "target");
    scope.narrow(source, target);
    note_hidden(source, "source");
    note_hidden(target, "target");
    scope.rename(source.objects);
    normalise(source, target);
    if (!scope.whole_database())
        source.notes.push_back("not compared, because only a part is selected: what belongs to no "
                               "schema (the database, settings, roles, extensions, publications "
                               "and the like)");
    auto comparison = differences(std::move(source), std::move(target), kinds, ignore);
    comparison.generated_at = now(source_connection);
    for (const auto &[pattern, used] : comparison.ignore_patterns)
        if (used == 0)
            log::warn("no difference fits --ignore \"{}\"", pattern);
    const bool equal = comparison.verdict() == std::string("equal");
    return report::deliver_result(equal ? Exit::ok : Exit::unverified, options,
                                  comparison.verdict() + (": " + headline(comparison)),
                                  rendered(comparison, kinds, options));
}

} // namespace custody::compare
