#include <fmt/format.h>

#include "loader/compare/render.hpp"

namespace custody::compare {

std::string plural(std::string_view kind) {
    if (kind.ends_with("s") && !kind.ends_with("ss"))
        return std::string(kind);
    if (kind.ends_with("y"))
        return fmt::format("{}ies", kind.substr(0, kind.size() - 1));
    return fmt::format("{}{}", kind, kind.ends_with("ss") || kind.ends_with("x") ? "es" : "s");
}

std::string parts_text(const Difference &difference) {
    std::string text;
    for (const auto &[kind, count] : difference.parts)
        text += fmt::format("{}{} {}", text.empty() ? "with " : ", ", count,
                            count == 1 ? kind : plural(kind));
    return text;
}

std::string headline(const Comparison &comparison) {
    int compared = 0, missing = 0, extra = 0, different = 0;
    for (const auto &[kind, summary] : comparison.classes) {
        compared += summary.compared;
        missing += summary.missing;
        extra += summary.extra;
        different += summary.different;
    }
    if (missing + extra + different > 0)
        return fmt::format("{} missing on the target, {} extra, {} different", missing, extra,
                           different);
    if (!comparison.unread.empty())
        return fmt::format("no difference in what could be read, but not everything could");
    return fmt::format("the schemas are the same: {} objects compared", compared);
}

std::string version_text(int version) {
    return fmt::format("{}.{}", version / 10000, version % 10000);
}

} // namespace custody::compare
