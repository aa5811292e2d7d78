#include "loader/audit/ledger_report.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/core/json.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json text_or_null(const std::string &text) { return text.empty() ? Json() : Json(text); }

const char *color_of(const std::string &status) {
    return status == "refuted" || status == "gap" ? "1;31" : status == "unproven" ? "33" : "32";
}

/// Proven results of one check that say the same of many objects, the indexes of the ledger, say,
/// are one line: who reads a terminal looks for what is not proven.
constexpr std::size_t kMostAlike = 3;

class Writer {
  public:
    Writer(const LedgerReport &report, const custody::report::TextLook &look)
        : report_(report), look_(look) {}

    std::string write() {
        add("{}: {}\n", paint(report_.verdict(), color_of(report_.verdict())), report_.headline());
        head();
        add("\nChecks\n");
        checks();
        add("\nTables\n{}", report_.tables.empty() ? "  none\n" : "");
        for (const auto &table : report_.tables)
            line(table.state, table.table,
                 table.reason.empty() ? "since " + table.since : table.reason);
        if (!report_.notices.empty())
            add("\nChanges of what is recorded\n");
        for (const auto &notice : report_.notices)
            item(fmt::format("{}  {} {} by {}: {}", notice.at, ui::printable(notice.kind),
                             ui::printable(notice.table.empty() ? kWholeLedger : notice.table),
                             ui::printable(notice.login), ui::printable(notice.detail)));
        add("\nNot covered\n");
        for (const auto &text : kNotCovered)
            item(text);
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }
    std::string paint(const std::string &text, const char *code) const {
        return look_.color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
    }
    void field(std::string_view name, const std::string &value) {
        add("  {:<7} {}\n", name, ui::wrapped(value, look_.width, 10));
    }
    void item(const std::string &text) { add("  {}\n", ui::wrapped(text, look_.width, 4)); }
    void line(const std::string &status, const std::string &object, const std::string &detail) {
        add("  {}{} {}\n", paint(status, color_of(status)),
            std::string(9 - std::min<std::size_t>(8, status.size()), ' '),
            ui::wrapped(ui::printable(object) + (detail.empty() ? "" : ": ") +
                            ui::printable(detail),
                        look_.width, 12));
    }

    void head() {
        field("ledger", fmt::format("{}, database {}, custody {}", report_.ledger,
                                    ui::printable(report_.database), report_.version));
        if (report_.block)
            field("block", fmt::format("{}, sealed {}, {}", *report_.block, report_.sealed_at,
                                       report_.hash));
        field("content",
              fmt::format("{} events of {} transactions in {} blocks; {} holds in force, {} prunes",
                          ui::count_text(report_.events), ui::count_text(report_.transactions),
                          ui::count_text(report_.blocks), report_.holds, report_.prunes));
        field("digests", fmt::format("{} from elsewhere", report_.digests));
    }

    void checks() {
        using Said = std::pair<std::string, std::string>;
        std::map<Said, std::size_t> proven;
        for (const auto &check : report_.checks)
            if (check.status == "proven")
                ++proven[{check.check, check.detail}];
        std::set<Said> told;
        for (const auto &check : report_.checks) {
            const Said said{check.check, check.detail};
            const std::size_t alike = check.status == "proven" ? proven[said] : 1;
            if (alike <= kMostAlike)
                line(check.status, fmt::format("{:<14} {}", check.check, check.object),
                     check.detail);
            else if (told.insert(said).second)
                line(check.status, fmt::format("{:<14} {} objects", check.check, alike),
                     check.detail);
        }
    }

    const LedgerReport &report_;
    custody::report::TextLook look_;
    std::string text_;
};

} // namespace

const std::vector<std::string> kNotCovered = {
    "reads and attempts that failed: pair the ledger with pgaudit",
    "what a superuser wrote between the last digest kept elsewhere and now",
    "false values that were written in the ordinary way",
    "columns that are excluded or redacted, and tables that are exempt"};

std::int64_t LedgerReport::count(const std::string &status) const {
    return std::count_if(checks.begin(), checks.end(),
                         [&](const Check &check) { return check.status == status; });
}

std::int64_t LedgerReport::gaps() const {
    return std::count_if(tables.begin(), tables.end(),
                         [](const CoveredTable &table) { return table.state == "gap"; });
}

void LedgerReport::put_findings_first() {
    const auto rank = [](const Check &check) {
        return check.status == "refuted" ? 0 : check.status == "unproven" ? 1 : 2;
    };
    std::stable_sort(checks.begin(), checks.end(),
                     [&](const Check &a, const Check &b) { return rank(a) < rank(b); });
}

std::string LedgerReport::verdict() const {
    if (count("refuted") > 0)
        return "refuted";
    return checks.empty() || count("proven") < static_cast<std::int64_t>(checks.size()) ? "unproven"
                                                                                        : "proven";
}

std::string LedgerReport::headline() const {
    if (checks.empty())
        return "nothing was checked";
    if (count("refuted") > 0)
        return fmt::format("{} of {} checks do not hold{}", count("refuted"), checks.size(),
                           gaps() > 0 ? fmt::format("; tables that are gaps: {}", gaps()) : "");
    if (count("unproven") > 0)
        return fmt::format("{} of {} checks cannot be told", count("unproven"), checks.size());
    return fmt::format("all {} checks hold", checks.size());
}

std::string render_report_text(const LedgerReport &report, const custody::report::TextLook &look) {
    return Writer(report, look).write();
}

std::string render_report_json(const LedgerReport &report, int exit_code) {
    Json checks = Json::array();
    for (const auto &check : report.checks)
        checks.push_back({{"check", check.check},
                          {"object", text_or_null(check.object)},
                          {"status", check.status},
                          {"detail", text_or_null(check.detail)}});
    Json tables = Json::array();
    for (const auto &table : report.tables)
        tables.push_back({{"table", table.table},
                          {"state", table.state},
                          {"reason", text_or_null(table.reason)},
                          {"since", text_or_null(table.since)}});
    Json notices = Json::array();
    for (const auto &notice : report.notices)
        notices.push_back({{"at", notice.at},
                           {"table", text_or_null(notice.table)},
                           {"kind", notice.kind},
                           {"login", text_or_null(notice.login)},
                           {"detail", notice.detail}});
    const Json document = {{"schema_version", kSchemaVersion},
                           {"verdict", report.verdict()},
                           {"exit_code", exit_code},
                           {"headline", report.headline()},
                           {"made_at", report.made_at},
                           {"database", report.database},
                           {"version", report.version},
                           {"ledger", report.ledger},
                           {"block", report.block ? Json(*report.block) : Json()},
                           {"hash", text_or_null(report.hash)},
                           {"sealed_at", text_or_null(report.sealed_at)},
                           {"blocks", report.blocks},
                           {"transactions", report.transactions},
                           {"events", report.events},
                           {"digests", report.digests},
                           {"holds", report.holds},
                           {"prunes", report.prunes},
                           {"checks", checks},
                           {"tables", tables},
                           {"notices", notices},
                           {"not_covered", kNotCovered}};
    return json_document(document);
}

} // namespace custody::audit
