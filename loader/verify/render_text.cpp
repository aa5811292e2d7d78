#include <algorithm>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/report/differences.hpp"
#include "loader/ui/text.hpp"
#include "loader/verify/render.hpp"

namespace custody::verify {
namespace {

std::size_t width_of_names(const std::vector<Comparison> &objects) {
    std::size_t width = 6;
    for (const auto &object : objects)
        width = std::max(width, ui::printable(object.name).size());
    return width;
}

std::string result_text(const Comparison &object) {
    std::string text = ui::printable(object.reason);
    if (text.empty())
        text = object.source_rows
                   ? fmt::format("{} rows, digest {}", *object.source_rows, object.source)
                   : object.source;
    if (object.from_checkpoint)
        text += fmt::format(" (verified at {} under source {}, target {})", object.verified_at,
                            object.source_lsn, object.target_lsn);
    return text;
}

std::string lines_of(const std::vector<Comparison> &objects) {
    const auto width = width_of_names(objects);
    std::string text;
    for (const auto &object : objects)
        text +=
            fmt::format("{:<{}}  {:<10}  {}\n{}", ui::printable(object.name), width, object.verdict,
                        result_text(object),
                        object.differences ? report::differences_text(*object.differences) : "");
    return text;
}

std::string side_text(std::string_view name, const SideFacts &side) {
    if (side.snapshot.lsn.empty())
        return fmt::format("{}: as the migration stored it\n", name);
    return fmt::format("{}: {} at {}, {}\n", name, side.server.description, side.snapshot.lsn,
                       side.snapshot.taken_at);
}

std::string name_of(const Item &item) {
    return ui::printable(item.table.schema + "." + item.table.name);
}

} // namespace

std::string ways_text(const Ways &ways) {
    return fmt::format("{}/{}, profile {}, {} form", way_name(ways.source), way_name(ways.target),
                       digest::profile_name(ways.profile), wire::form_name(ways.form));
}

std::vector<std::string> meanings(const std::vector<Comparison> &objects) {
    const auto used = [&](digest::Profile profile) {
        return std::any_of(objects.begin(), objects.end(), [&](const auto &object) {
            return object.ways && object.ways->profile == profile;
        });
    };
    std::vector<std::string> sentences;
    for (const auto profile : {digest::Profile::fast, digest::Profile::sql})
        if (used(profile))
            sentences.push_back(
                fmt::format("profile {}: proves against accident, not against forgery",
                            digest::profile_name(profile)));
    if (used(digest::Profile::evidence))
        sentences.emplace_back("profile evidence: holds against forgery as SHA-256 does");
    return sentences;
}

std::string headline(const Verification &verification) {
    const auto &objects = verification.objects;
    if (objects.empty())
        return "nothing was compared";
    const auto count = [&](std::string_view verdict) {
        return std::count_if(objects.begin(), objects.end(),
                             [&](const auto &object) { return object.verdict == verdict; });
    };
    return fmt::format("{} equal, {} different, {} unverified", count(protocol::verdict::kEqual),
                       count(protocol::verdict::kDifferent), count(protocol::verdict::kUnverified));
}

std::string render_text(const Verification &verification) {
    const auto &objects = verification.objects;
    std::string text = lines_of(objects);
    for (const auto &what : verification.not_compared)
        text += "not compared: " + ui::printable(what) + "\n";
    text += side_text("source", verification.source) + side_text("target", verification.target);
    for (const auto &sentence : meanings(objects))
        text += sentence + "\n";
    const auto taken = std::count_if(objects.begin(), objects.end(),
                                     [](const auto &object) { return object.from_checkpoint; });
    if (taken > 0)
        text += fmt::format("{} of them taken from \"{}\", as they were verified then\n", taken,
                            verification.checkpoint);
    return text + headline(verification) + "\n";
}

std::string describe_text(const Scope &scope) {
    std::size_t width = 6;
    for (const auto &item : scope.items)
        width = std::max(width, name_of(item).size());
    std::string text;
    for (const auto &item : scope.items) {
        text += fmt::format("{:<{}}  {:>10} rows  {}, {} buckets; {}\n", name_of(item), width,
                            item.table.estimated_rows, ways_text(item.ways), item.ways.buckets,
                            item.ways.impossible.empty() ? item.ways.why
                                                         : "impossible: " + item.ways.impossible);
        if (!item.condition.empty())
            text += fmt::format("{:<{}}  where {}\n", "", width, item.condition);
    }
    text += lines_of(scope.told);
    for (const auto &what : scope.not_compared)
        text += "not compared: " + ui::printable(what) + "\n";
    return text;
}

} // namespace custody::verify
