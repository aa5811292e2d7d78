
#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/lint/render.hpp"
#include "loader/ui/text.hpp"

namespace custody::lint {
namespace {

constexpr std::size_t kWidestObject = 48;

class Writer {
  public:
    Writer(const Report &report, bool color) : report_(report), color_(color) {}

    std::string write() {
        add("{}\n  server  {}, PostgreSQL {}\n",
            paint(headline(report_), report_.failed() ? "1;31" : "32"),
            ui::printable(report_.description), version());
        for (const auto &rule : rules())
            findings(rule);
        not_run();
        for (const auto &note : report_.notes)
            add("\n{}\n", ui::printable(note));
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }

    std::string paint(std::string_view text, const char *code) const {
        return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    }

    std::string version() const {
        return fmt::format("{}.{}", report_.version / 10000, report_.version % 10000);
    }

    std::string level(std::string_view word) const {
        return paint(word, word == "error" ? "1;31" : word == "warning" ? "33" : "2");
    }

    void findings(const Rule &rule) {
        std::size_t width = 0;
        bool any = false;
        for (const auto &finding : report_.findings)
            if (finding.rule == &rule) {
                any = true;
                width = std::max(width, ui::display_width(ui::printable(finding.object)));
            }
        if (!any)
            return;
        add("\n{} {} {}\n", level(rule.level), rule.code, paint(rule.title, "1"));
        add("  {}\n", paint(rule.why, "2"));
        told_.clear();
        for (const auto &finding : report_.findings)
            if (finding.rule == &rule)
                row(finding, std::min(width, kWidestObject));
    }

    void row(const Finding &finding, std::size_t width) {
        auto object = ui::printable(finding.object);
        if (ui::display_width(object) <= width)
            object = ui::fitted(object, width);
        add("  {}  {}\n", object, ui::printable(finding.seen));
        if (finding.exempt)
            add("  {:{}}  exempt: {}\n", "", width, ui::printable(*finding.exempt));
        else if (finding.remediation != told_)
            add("  {:{}}  {}\n", "", width, paint(ui::printable(finding.remediation), "2"));
        told_ = finding.remediation;
    }

    void not_run() {
        if (report_.not_run.empty())
            return;
        add("\n{}: these rules say nothing about this database\n", paint("not run", "33"));
        for (const auto &entry : report_.not_run)
            add("  {} {}: {}\n", entry.rule->code, entry.rule->title, ui::printable(entry.reason));
    }

    const Report &report_;
    bool color_;
    std::string told_; // the remediation of the line before, which is not repeated
    std::string text_;
};

std::string number(int count, std::string_view word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

} // namespace

std::string headline(const Report &report) {
    std::string text =
        fmt::format("{}, {}, {} info", number(report.count("error"), "error"),
                    number(report.count("warning"), "warning"), report.count("info"));
    if (report.exempt() > 0)
        text += fmt::format(", {} exempt", report.exempt());
    text += fmt::format(" by {}", number(report.rules_run, "rule"));
    if (!report.not_run.empty())
        text += fmt::format("; {} not run", report.not_run.size());
    return text;
}

std::string render_text(const Report &report, bool color) { return Writer(report, color).write(); }

} // namespace custody::lint
