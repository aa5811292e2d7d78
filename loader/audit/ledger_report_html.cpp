#include <array>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "loader/audit/ledger_report.hpp"
#include "loader/core/append.hpp"
#include "loader/report/html.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

using report::html::escaped;

constexpr const char *kStyle = R"css(
td.object, td.detail { overflow-wrap: anywhere; }
td.object { min-width: 9em; }
td.short { white-space: nowrap; }
@media (max-width: 720px) {
  thead { display: none; }
  tbody, tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: 8px 0; }
  td { border: 0; padding: 1px 0; }
  td:empty { display: none; }
  td.short, td.login { display: inline-block; padding-right: 10px; max-width: 100%; white-space: normal;
    overflow-wrap: anywhere; }
  td.since:not(:empty)::before { content: "since "; }
  td.login:not(:empty)::before { content: "by "; }
  td.object { font-weight: 600; } }
)css";

/// The style of a word: one of the three that pages have.
const char *style_of(const std::string &word) {
    return word == "proven" || word == "recorded" ? "equal"
           : word == "refuted" || word == "gap"   ? "different"
           : word == "exempt"                     ? "plain"
                                                  : "unverified";
}

/// A name that may be broken behind its underscores rather than anywhere.
std::string breaking(const std::string &name) {
    std::string html;
    for (const char c : escaped(name))
        html += c == '_' ? "_<wbr>" : std::string(1, c);
    return html;
}

class Page {
  public:
    explicit Page(const LedgerReport &report) : report_(report) {}

    std::string write() {
        begin();
        numbers();
        facts();
        checks();
        tables();
        notices();
        add("<h2>Not covered</h2>\n<ul>\n");
        for (const auto &text : kNotCovered)
            add("<li>{}</li>\n", escaped(text));
        add("</ul>\n<footer>custody {} · made {} · schema version 1</footer>\n</body>\n</html>\n",
            CUSTODY_VERSION, escaped(report_.made_at));
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }

    void begin() {
        constexpr std::string_view kTitle = "Audit ledger";
        std::string page =
            report::html::page_start({kTitle, kTitle, report_.made_at, style_of(report_.verdict()),
                                      report_.headline(), kStyle});
        // The banner has the ledger's word, not that of a comparison.
        const std::string word =
            fmt::format("<div class=\"word\">{}</div>", style_of(report_.verdict()));
        if (const auto at = page.find(word); at != std::string::npos)
            page.replace(at, word.size(),
                         fmt::format("<div class=\"word\">{}</div>", report_.verdict()));
        text_ += page;
    }

    static std::string chip(const std::string &word) {
        return fmt::format("<span class=\"chip {}\">{}</span>", style_of(word), escaped(word));
    }

    void number(std::int64_t value, std::string_view name) {
        add("<div><b>{}</b><span>{}</span></div>\n", ui::count_text(value), name);
    }

    void numbers() {
        add("<div class=\"numbers\">\n");
        number(report_.events, "events in blocks");
        number(report_.transactions, "transactions");
        number(report_.blocks, "blocks");
        number(report_.digests, "digests from elsewhere");
        number(report_.gaps(), "tables that are gaps");
        number(report_.holds, "legal holds in force");
        add("</div>\n");
    }

    void fact(std::string_view name, const std::string &value, std::string_view kind = "") {
        if (!value.empty())
            add("<dt>{}</dt><dd class=\"{}\">{}</dd>\n", name, kind, escaped(value));
    }

    void facts() {
        add("<div class=\"card\"><h3>Ledger</h3><dl>\n");
        fact("Ledger", report_.ledger, "mono");
        fact("Database", report_.database);
        fact("custody", report_.version);
        if (report_.block)
            fact("Newest block", fmt::format("{}, sealed {}", *report_.block, report_.sealed_at));
        fact("Its hash", report_.hash, "mono");
        add("</dl></div>\n");
    }

    /// One cell: its class, and what is in it as HTML.
    struct Cell {
        std::string_view kind;
        std::string html;
    };

    /// cells: of an element of rows.
    template <typename Rows, typename Cells>
    void table(std::string_view title, std::initializer_list<std::string_view> heads,
               const Rows &rows, Cells cells) {
        add("<h2>{}</h2>\n<table><thead><tr>", title);
        for (const auto &head : heads)
            add("<th>{}</th>", head);
        add("</tr></thead>\n");
        for (const auto &row : rows) {
            add("<tr>");
            for (const Cell &cell : cells(row))
                add("<td{}>{}</td>",
                    cell.kind.empty() ? "" : fmt::format(" class=\"{}\"", cell.kind), cell.html);
            add("</tr>\n");
        }
        add("</table>\n");
    }

    void checks() {
        table("Checks", {"Result", "Check", "Object", "Detail"}, report_.checks,
              [](const auto &check) {
                  return std::array<Cell, 4>{{{"short", chip(check.status)},
                                              {"short", escaped(check.check)},
                                              {"object", breaking(check.object)},
                                              {"detail", escaped(check.detail)}}};
              });
    }

    void tables() {
        if (report_.tables.empty()) {
            add("<h2>Tables</h2>\n<p>none</p>\n");
            return;
        }
        table("Tables", {"State", "Table", "Since", "Reason"}, report_.tables, [](const auto &one) {
            return std::array<Cell, 4>{{{"short", chip(one.state)},
                                        {"object name", breaking(one.table)},
                                        {"short since", escaped(one.since)},
                                        {"detail", escaped(one.reason)}}};
        });
    }

    void notices() {
        if (report_.notices.empty())
            return;
        table("Changes of what is recorded", {"When", "What", "Table", "Login", "Detail"},
              report_.notices, [](const auto &notice) {
                  return std::array<Cell, 5>{
                      {{"short", escaped(notice.at)},
                       {"short", escaped(notice.kind)},
                       {"object", breaking(notice.table.empty() ? kWholeLedger : notice.table)},
                       {"login", escaped(notice.login)},
                       {"detail", fmt::format("<code>{}</code>", escaped(notice.detail))}}};
              });
    }

    const LedgerReport &report_;
    std::string text_;
};

} // namespace

std::string render_report_html(const LedgerReport &report) { return Page(report).write(); }

} // namespace custody::audit
