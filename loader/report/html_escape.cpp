#include <algorithm>

#include <fmt/format.h>

#include "loader/report/html.hpp"
#include "loader/ui/text.hpp"

namespace custody::report::html {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : ui::printable(text)) {
        switch (c) {
        case '&':
            result += "&amp;";
            break;
        case '<':
            result += "&lt;";
            break;
        case '>':
            result += "&gt;";
            break;
        case '"':
            result += "&quot;";
            break;
        case '\'':
            result += "&#39;";
            break;
        default:
            result += c;
        }
    }
    return result;
}

std::string_view verdict_class(std::string_view verdict) {
    if (verdict == "equal" || verdict == "done" || verdict == "info")
        return "equal";
    if (verdict == "different" || verdict == "failed" || verdict == "blocking" ||
        verdict == "error")
        return "different";
    return "unverified";
}

std::string chip(std::string_view verdict) {
    return fmt::format("<span class=\"chip {}\">{}</span>", verdict_class(verdict),
                       escaped(verdict));
}

std::string message(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        result += escaped(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        result += text.empty() ? "" : "\n";
    }
    return "<span class=\"message\">" + result + "</span>";
}

} // namespace custody::report::html
