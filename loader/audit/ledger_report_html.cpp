#include <iterator>

#include <fmt/format.h>

#include "loader/audit/ledger_report.hpp"
#include "loader/report/html.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

using report::html::escaped;

constexpr const char *kStyle = R"css(
td.object, td.detail { overflow-wrap: anywhere; }
)css";

/// The style of a word: one of the three that pages have.
const char *style_of(const std::string &word) {
    return word == "proven" || word == "recorded" ? "equal"
           : word == "refuted" || word == "gap"   ? "different"
           : word == "exempt"                     ? "plain"
                                                  : "unverified";
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
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
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

    void fact(std::string_view name, const std::string &value) {
        if (!value.empty())
            add("<dt>{}</dt><dd>{}</dd>\n", name, escaped(value));
    }

    void facts() {
        add("<div class=\"card\"><h3>Ledger</h3><dl>\n");
        fact("Ledger", report_.ledger);
        fact("Database", report_.database);
        fact("custody", report_.version);
        if (report_.block)
            fact("Newest block", fmt::format("{}, sealed {}", *report_.block, report_.sealed_at));
        fact("Its hash", report_.hash);
        add("</dl></div>\n");
    }

    void checks() {
        add("<h2>Checks</h2>\n<table><thead><tr><th>Result</th><th>Check</th><th>Object</th>"
            "<th>Detail</th></tr></thead>\n");
        for (const auto &check : report_.checks)
            add("<tr><td>{}</td><td>{}</td><td class=\"object\">{}</td><td "
                "class=\"detail\">{}</td></tr>\n",
                chip(check.status), escaped(check.check), escaped(check.object),
                escaped(check.detail));
        add("</table>\n");
    }

    void tables() {
        add("<h2>Tables</h2>\n<table><thead><tr><th>State</th><th>Table</th><th>Since</th>"
            "<th>Reason</th></tr></thead>\n");
        for (const auto &table : report_.tables)
            add("<tr><td>{}</td><td class=\"name\">{}</td><td>{}</td><td "
                "class=\"detail\">{}</td></tr>\n",
                chip(table.state), escaped(table.table), escaped(table.since),
                escaped(table.reason));
        add("</table>\n");
    }

    void notices() {
        if (report_.notices.empty())
            return;
        add("<h2>Changes of what is recorded</h2>\n<table><thead><tr><th>When</th><th>What</th>"
            "<th>Table</th><th>Login</th><th>Detail</th></tr></thead>\n");
        for (const auto &notice : report_.notices)
            add("<tr><td>{}</td><td>{}</td><td class=\"object\">{}</td><td>{}</td><td "
                "class=\"detail\"><code>{}</code></td></tr>\n",
                escaped(notice.at), escaped(notice.kind), escaped(notice.table),
                escaped(notice.login), escaped(notice.detail));
        add("</table>\n");
    }

    const LedgerReport &report_;
    std::string text_;
};

} // namespace

std::string render_report_html(const LedgerReport &report) { return Page(report).write(); }

} // namespace custody::audit
