
#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/report/differences.hpp"
#include "loader/report/html.hpp"
#include "loader/verify/render.hpp"

namespace custody::verify {
namespace {

using report::html::chip;
using report::html::escaped;
using report::html::message;

class Page {
  public:
    explicit Page(const Verification &verification) : verification_(verification) {}

    std::string write() {
        begin();
        sides();
        objects();
        rows();
        not_compared();
        add("<footer>custody {}</footer>\n</body>\n</html>\n", CUSTODY_VERSION);
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }

    void begin() {
        constexpr std::string_view kTitle = "Comparison of two databases";
        add("{}", report::html::page_start({kTitle, kTitle, verification_.target.snapshot.taken_at,
                                            verification_.verdict(), headline(verification_), ""}));
    }

    void side(std::string_view title, const SideFacts &side) {
        if (side.snapshot.lsn.empty())
            add("<div class=\"card\"><h3>{}</h3><p>As the migration stored it</p></div>\n", title);
        else
            add("<div class=\"card\"><h3>{}</h3><dl><dt>database</dt><dd>{}</dd><dt>LSN</dt>"
                "<dd class=\"mono\">{}</dd><dt>read at</dt><dd>{}</dd></dl></div>\n",
                title, escaped(side.server.description), escaped(side.snapshot.lsn),
                escaped(side.snapshot.taken_at));
    }

    void sides() {
        add("<h2>What was compared</h2>\n<div class=\"sides\">\n");
        side("Source", verification_.source);
        side("Target", verification_.target);
        add("</div>\n");
    }

    void objects() {
        add("<h2>Verdicts</h2>\n<div class=\"wide\"><table><thead><tr><th></th><th>Object</th>"
            "<th class=\"n\">Rows of the source</th><th class=\"n\">of the target</th>"
            "<th>How</th><th>Reason</th></tr></thead><tbody>\n");
        for (const auto &object : verification_.objects)
            add("<tr><td>{}</td><td class=\"name\">{} <span class=\"soft\">{}</span></td>"
                "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"soft\">{}</td>"
                "<td>{}</td></tr>\n",
                chip(object.verdict), escaped(object.name), escaped(object.type),
                count(object.source_rows), count(object.target_rows),
                object.ways ? ways_text(*object.ways) : "", message(reason_of(object)));
        add("</tbody></table></div>\n");
        const auto sentences = meanings(verification_.objects);
        if (sentences.empty())
            return;
        add("<h2>What an “equal” means</h2>\n<ul>\n");
        for (const auto &sentence : sentences)
            add("<li>{}</li>\n", escaped(sentence));
        add("<li>equal as they were read; nothing is said about what was written since</li>\n"
            "</ul>\n");
    }

    static std::string reason_of(const Comparison &object) {
        if (!object.from_checkpoint)
            return object.reason;
        return fmt::format("{}verified at {} under source {}, target {}",
                           object.reason.empty() ? "" : object.reason + "; ", object.verified_at,
                           object.source_lsn, object.target_lsn);
    }

    static std::string count(const std::optional<std::int64_t> &number) {
        return number ? std::to_string(*number) : "–";
    }

    void rows() {
        for (const auto &object : verification_.objects)
            if (object.differences)
                if (const auto rows = report::differences_html(*object.differences); !rows.empty())
                    add("<h2>Rows of {}</h2>\n{}", escaped(object.name), rows);
    }

    void not_compared() {
        if (verification_.not_compared.empty())
            return;
        add("<h2>Not compared</h2>\n<ul>\n");
        for (const auto &what : verification_.not_compared)
            add("<li>{}</li>\n", escaped(what));
        add("</ul>\n");
    }

    const Verification &verification_;
    std::string text_;
};

} // namespace

std::string render_html(const Verification &verification) { return Page(verification).write(); }

} // namespace custody::verify
