
#include <fmt/format.h>

#include "loader/compare/render.hpp"
#include "loader/core/append.hpp"
#include "loader/report/html.hpp"
#include "loader/ui/text.hpp"

namespace custody::compare {
namespace {

using report::html::chip;
using report::html::escaped;

constexpr const char *kStyle = R"css(
.diff { margin: 0; padding: 0; border: 0; background: none; }
.diff span { display: block; white-space: pre-wrap; overflow-wrap: anywhere; padding: 0 8px;
  min-height: 1.45em; }
.diff .only-source { color: var(--bad); background: var(--bad-back); }
.diff .only-target { color: var(--good); background: var(--good-back); }
.diff .both { color: var(--soft); }
table.differences { table-layout: fixed; } .differences th:nth-child(1) { width: 13%; }
.differences th:nth-child(2) { width: 29%; } .differences th:nth-child(3) { width: 18%; }
td.property { overflow-wrap: anywhere; }
tr.zero td { color: var(--soft); }
)css";

class Page {
  public:
    Page(const Comparison &comparison, const std::vector<std::string> &kinds)
        : comparison_(comparison), kinds_(kinds), verdict_(comparison.verdict()) {}

    std::string write() {
        begin();
        numbers();
        sides();
        for (const auto &kind : kinds_)
            differences(kind);
        unverified();
        classes();
        ignored();
        notes();
        add("<footer>custody {} · compared {} · schema version 1</footer>\n</body>\n</html>\n",
            CUSTODY_VERSION, escaped(comparison_.generated_at));
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }

    void begin() {
        constexpr std::string_view kTitle = "Comparison of schemas";
        add("{}", report::html::page_start({kTitle, kTitle, comparison_.generated_at, verdict_,
                                            headline(comparison_), kStyle}));
    }

    void number(int value, std::string_view name) {
        add("<div><b>{}</b><span>{}</span></div>\n", ui::count_text(value), name);
    }

    void numbers() {
        ClassSummary sum;
        for (const auto &[kind, summary] : comparison_.classes) {
            sum.compared += summary.compared;
            sum.missing += summary.missing;
            sum.extra += summary.extra;
            sum.different += summary.different;
            sum.ignored += summary.ignored;
        }
        add("<div class=\"numbers\">\n");
        number(sum.compared, "objects on both sides");
        number(sum.missing, "missing on the target");
        number(sum.extra, "extra on the target");
        number(sum.different, "different");
        number(sum.ignored, "ignored, as asked for");
        add("</div>\n");
    }

    void side(std::string_view title, const Catalog &catalog) {
        add("<div class=\"card\"><h3>{}</h3><dl>\n<dt>database</dt><dd><strong>{}</strong></dd>\n"
            "<dt>server</dt><dd>PostgreSQL {}</dd>\n<dt>role</dt><dd>{}</dd>\n</dl></div>\n",
            title, escaped(catalog.description), version_text(catalog.version),
            escaped(catalog.user));
    }

    void sides() {
        add("<h2>What was compared</h2>\n<div class=\"sides\">\n");
        side("Source", comparison_.source);
        side("Target", comparison_.target);
        add("</div>\n");
    }

    void differences(const std::string &kind) {
        const auto found = comparison_.classes.find(kind);
        if (found == comparison_.classes.end() ||
            found->second.missing + found->second.extra + found->second.different == 0)
            return;
        std::string title = plural(kind);
        title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
        add("<h2>{}</h2>\n<div class=\"wide\"><table "
            "class=\"differences\"><thead><tr><th>Change</th><th>Name</th>"
            "<th>Property</th><th>Source (−) and target (+)</th></tr></thead><tbody>\n",
            title);
        for (const auto &entry : comparison_.differences)
            if (entry.kind == kind && entry.ignored.empty())
                difference(entry);
        add("</tbody></table></div>\n");
    }

    void difference(const Difference &entry) {
        const auto name = escaped(shown(entry.name));
        if (entry.change != Change::different) {
            add("<tr><td><span class=\"chip {}\">{}</span></td>"
                "<td class=\"name\">{}</td><td colspan=\"2\" class=\"soft\">{}</td></tr>\n",
                entry.change == Change::missing ? "different" : "unverified",
                entry.change == Change::missing ? "− missing" : "+ extra", name, parts_text(entry));
            return;
        }
        bool first = true;
        for (const auto &property : entry.properties) {
            if (!property.ignored.empty())
                continue;
            add("<tr><td>{}</td><td class=\"name\">{}{}</td>"
                "<td class=\"property\">{}</td><td>{}</td></tr>\n",
                first ? "<span class=\"chip plain\">~ different</span>" : "", first ? name : "",
                first && entry.name != entry.target_name
                    ? "<br><span class=\"soft\">on the target " +
                          escaped(shown(entry.target_name)) + "</span>"
                    : "",
                escaped(property.property), values(property));
            first = false;
        }
    }

    static std::string values(const PropertyDifference &property) {
        std::string text = "<pre class=\"diff mono\">";
        for (const auto &line : diff_lines(property.source, property.target, 2)) {
            const bool both = line.mark == ' ' || line.mark == '.';
            text += fmt::format("<span class=\"{}\">{} {}</span>",
                                both               ? "both"
                                : line.mark == '-' ? "only-source"
                                                   : "only-target",
                                line.mark == '-'   ? "−"
                                : line.mark == '.' ? "⋯"
                                                   : std::string(1, line.mark),
                                escaped(line.text));
        }
        return text + "</pre>";
    }

    void unverified() {
        if (comparison_.unread.empty())
            return;
        add("<h2>Not verified</h2>\n<div class=\"wide\"><table><thead><tr><th>Class</th>"
            "<th>Side</th><th>Why</th></tr></thead><tbody>\n");
        for (const auto &unread : comparison_.unread)
            add("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td></tr>\n", plural(unread.kind),
                unread.side, report::html::message(unread.reason));
        add("</tbody></table></div>\n");
    }

    void classes() {
        add("<h2>By class</h2>\n<div class=\"wide\"><table><thead><tr><th>Class</th>"
            "<th class=\"n\">On both sides</th><th class=\"n\">Missing</th>"
            "<th class=\"n\">Extra</th><th class=\"n\">Different</th><th class=\"n\">Ignored</th>"
            "<th>Verdict</th></tr></thead><tbody>\n");
        for (const auto &kind : kinds_) {
            const auto found = comparison_.classes.find(kind);
            const auto summary =
                found != comparison_.classes.end() ? found->second : ClassSummary{};
            const bool differs = summary.missing + summary.extra + summary.different > 0;
            const bool any = differs || summary.compared + summary.ignored > 0;
            add("<tr{}><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
                "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
                "<td>{}</td></tr>\n",
                any ? "" : " class=\"zero\"", plural(kind), summary.compared, summary.missing,
                summary.extra, summary.different, summary.ignored,
                chip(differs              ? "different"
                     : summary.unverified ? "unverified"
                                          : "equal"));
        }
        add("</tbody></table></div>\n");
    }

    void ignored() {
        if (comparison_.ignore_patterns.empty())
            return;
        add("<h2>Ignored</h2>\n<div class=\"wide\"><table><thead><tr><th>Pattern</th>"
            "<th class=\"n\">Differences</th></tr></thead><tbody>\n");
        for (const auto &[pattern, used] : comparison_.ignore_patterns)
            add("<tr><td class=\"mono\">{}</td><td class=\"n\">{}</td></tr>\n", escaped(pattern),
                used);
        add("</tbody></table></div>\n");
    }

    void notes() {
        if (comparison_.notes.empty())
            return;
        add("<h2>Notes</h2>\n<ul>\n");
        for (const auto &note : comparison_.notes)
            add("<li>{}</li>\n", escaped(note));
        add("</ul>\n");
    }

    const Comparison &comparison_;
    const std::vector<std::string> &kinds_;
    std::string verdict_;
    std::string text_;
};

} // namespace

std::string render_html(const Comparison &comparison, const std::vector<std::string> &kinds) {
    return Page(comparison, kinds).write();
}

} // namespace custody::compare
