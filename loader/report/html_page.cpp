#include "loader/report/html.hpp"

#include <cctype>

#include <fmt/format.h>

namespace custody::report::html {

std::string page_start(const PageStart &page) {
    std::string headline(page.headline);
    if (!headline.empty())
        headline[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(headline[0])));
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{}: {} – custody</title>\n<style>{}{}</style>\n</head>\n<body>\n"
        "<div class=\"top\"><h1>{}</h1><span class=\"soft\">{}</span></div>\n"
        "<div class=\"banner {}\"><span class=\"mark\">{}</span><div><div class=\"word\">{}"
        "</div><strong>{}</strong></div></div>\n",
        escaped(page.title), escaped(page.verdict), kStyle, page.style, escaped(page.heading),
        escaped(page.made_at), verdict_class(page.verdict),
        page.verdict == "equal"       ? "✓"
        : page.verdict == "different" ? "✗"
                                      : "?",
        escaped(page.verdict), escaped(headline));
}

} // namespace custody::report::html
