#include "loader/verify/ways.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "common/sql_profile.hpp"
#include "loader/verify/reading.hpp"

namespace custody::verify {
namespace {

constexpr std::int64_t kRowsPerBucket = 128;
constexpr std::int64_t kMostBuckets = 1024;

std::string lacking(const Ability &source, const Ability &target) {
    std::string text;
    for (const auto &[name, side] : {std::pair("source", &source), std::pair("target", &target)})
        if (!side->extension)
            text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, side->why_not);
    return text;
}

void require_profile(const cli::Options &options, const Ability &source, const Ability &target) {
    const auto profile = profile_of(options);
    const bool able = source.extension && target.extension;
    if (profile == digest::Profile::evidence &&
        (!able || (options.method != "auto" && options.method != "extension") ||
         !options.row_filters.empty()))
        throw Error(Exit::refused, "profile-impossible",
                    "the profile evidence needs the extension on both sides and whole tables",
                    able ? "--method or --where is in the way" : lacking(source, target),
                    "use --profile=fast, or --profile=sql");
    if ((options.method == "sql" && profile != digest::Profile::sql) ||
        (options.method == "stored" && profile != digest::Profile::fast))
        throw Error(Exit::refused, "profile-impossible",
                    fmt::format("--method={} cannot use the profile {}", options.method,
                                digest::profile_name(profile)),
                    "plain SQL computes sql only, and a migration stores fast only",
                    "leave --profile out");
}

/// The way of a side, with what kept it from a better one added to `why`.
Way way_of(const cli::Options &options, const Ability &ability, const Subject &subject, Which which,
           std::string &why) {
    const auto say = [&](const std::string &reason) {
        why += fmt::format("{}{}: {}", why.empty() ? "" : "; ",
                           which == Which::source ? "source" : "target", reason);
    };
    if (which == Which::source && options.method == "stored") {
        say("as the migration stored it");
        return Way::stored;
    }
    if (options.method == "stream") {
        say("as asked for");
        return Way::stream;
    }
    const Way other = subject.profile == digest::Profile::sql ? Way::sql : Way::stream;
    if (!ability.extension) {
        say(ability.why_not);
        return other;
    }
    if (reading_of(subject, which).casts) {
        say("a column is cast");
        return other;
    }
    say("has the extension");
    return Way::extension;
}

} // namespace

std::uint32_t buckets_for(std::int64_t rows) {
    return std::bit_floor(static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(rows / kRowsPerBucket, 1, kMostBuckets)));
}

std::string_view way_name(Way way) noexcept {
    switch (way) {
    case Way::stored:
        return "stored";
    case Way::extension:
        return "extension";
    case Way::sql:
        return "sql";
    default:
        return "stream";
    }
}

Ability ability_of(pq::Connection &connection) {
    const auto found = connection.exec(
        "select pg_catalog.has_schema_privilege(e.extnamespace, 'USAGE'), e.extversion, "
        "exists (select from pg_catalog.pg_proc p where p.pronamespace = e.extnamespace "
        "and p.proname = 'table_buckets' and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) "
        "from pg_catalog.pg_extension e where e.extname = 'custody'");
    if (found.rows() == 0)
        return {false, "has no extension custody"};
    if (!found.boolean(0, 0))
        return {false, "no USAGE on schema custody"};
    if (!found.boolean(0, 2))
        return {false, fmt::format("custody {} there has no table_buckets that the role may call",
                                   found.str(0, 1))};
    const int version = connection.exec("select custody.encoding_version()").number<int>(0, 0);
    if (version != digest::kEncodingVersion)
        return {false, fmt::format("the extension there encodes rows in version {}, not {}",
                                   version, digest::kEncodingVersion)};
    return {true, ""};
}

digest::Profile profile_of(const cli::Options &options) {
    if (!options.profile.empty())
        return digest::profile_from_name(options.profile);
    return options.method == "sql" ? digest::Profile::sql : digest::Profile::fast;
}

void require_possible(const cli::Options &options, const Ability &source, const Ability &target) {
    if (options.method == "extension" && (!source.extension || !target.extension))
        throw Error(Exit::refused, "method-impossible",
                    "--method=extension needs the extension on both sides", lacking(source, target),
                    "use --method=auto, sql or stream");
    if (options.method == "stored" && !options.row_filters.empty())
        throw Error(Exit::refused, "method-impossible",
                    "the stored digests are of whole tables, not of selected rows", "",
                    "leave --where out, or use --method=auto");
    require_profile(options, source, target);
}

Ways ways_of(const cli::Options &options, const Ability &source, const Ability &target,
             const plan::Table &table, const std::string &condition) {
    Ways ways;
    ways.profile = profile_of(options);
    std::vector<wire::TypeRule> rules;
    for (const auto &column : table.columns)
        rules.push_back(column.rule);
    ways.form =
        ways.profile == digest::Profile::sql ? digest::sql_form(table.form, rules) : table.form;
    ways.buckets = options.method == "stored" ? table.buckets : buckets_for(table.estimated_rows);
    const auto subject = subject_of(table, ways, condition);
    ways.source = way_of(options, source, subject, Which::source, ways.why);
    ways.target = way_of(options, target, subject, Which::target, ways.why);
    if (ways.profile != digest::Profile::evidence)
        return ways;
    ways.buckets = 1;
    if (ways.source != Way::extension || !table.leaves.empty() ||
        !reading_of(subject, Which::source).condition.empty() ||
        !reading_of(subject, Which::target).condition.empty())
        ways.impossible = "the profile evidence cannot read selected rows, cast columns or "
                          "partitions put together";
    return ways;
}

Subject subject_of(const plan::Table &table, const Ways &ways, const std::string &condition) {
    return {&table, ways.profile, ways.form, ways.buckets, condition};
}

} // namespace custody::verify
