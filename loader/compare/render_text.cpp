#include <algorithm>

#include <fmt/format.h>

#include "loader/compare/render.hpp"
#include "loader/core/append.hpp"
#include "loader/ui/text.hpp"

namespace custody::compare {
namespace {

constexpr const char *kGood = "32";
constexpr const char *kBad = "1;31";
constexpr const char *kDoubt = "33";
constexpr const char *kSoft = "2";

class Writer {
  public:
    Writer(const Comparison &comparison, const std::vector<std::string> &kinds, const Look &look)
        : comparison_(comparison), kinds_(kinds), look_(look) {}

    std::string write() {
        head();
        for (const auto &kind : kinds_)
            differences(kind);
        unverified();
        notes();
        return std::move(text_);
    }

  private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args &&...args) {
        append(text_, format, std::forward<Args>(args)...);
    }

    std::string paint(std::string_view text, const char *code) const {
        return look_.color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    }

    void side(const char *name, const Catalog &catalog) {
        add("  {}  {}, PostgreSQL {}\n", name, ui::printable(catalog.description),
            version_text(catalog.version));
    }

    void head() {
        const std::string verdict = comparison_.verdict();
        const char *color = verdict == "equal" ? kGood : verdict == "different" ? kBad : kDoubt;
        add("{}: {}\n", paint(verdict, color), headline(comparison_));
        side("source", comparison_.source);
        side("target", comparison_.target);
        int ignored = 0;
        for (const auto &[kind, summary] : comparison_.classes)
            ignored += summary.ignored;
        if (ignored > 0)
            add("  {} {} ignored, as asked for\n", ignored,
                ignored == 1 ? "difference is" : "differences are");
        if (comparison_.any_difference())
            add("  - only on the source, + only on the target, ~ different\n");
    }

    void differences(const std::string &kind) {
        const auto found = comparison_.classes.find(kind);
        if (found == comparison_.classes.end())
            return;
        const auto &summary = found->second;
        if (summary.missing + summary.extra + summary.different == 0)
            return;
        std::string counts;
        for (const auto &[number, word] : {std::pair(summary.missing, "missing"),
                                           {summary.extra, "extra"},
                                           {summary.different, "different"}})
            if (number > 0)
                counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", number, word);
        add("\n{}: {}\n", paint(plural(kind), "1"), counts);
        for (const auto &entry : comparison_.differences)
            if (entry.kind == kind && entry.ignored.empty())
                difference(entry);
    }

    void difference(const Difference &entry) {
        const auto name = ui::printable(shown(entry.name));
        const auto parts = parts_text(entry);
        switch (entry.change) {
        case Change::missing:
            add("  {} {}{}\n", paint("-", kBad), name,
                parts.empty() ? "" : "  " + paint(parts, kSoft));
            return;
        case Change::extra:
            add("  {} {}{}\n", paint("+", kGood), name,
                parts.empty() ? "" : "  " + paint(parts, kSoft));
            return;
        case Change::different:
            break;
        }
        add("  {} {}{}\n", paint("~", kDoubt), name,
            entry.name == entry.target_name
                ? ""
                : " (on the target " + ui::printable(shown(entry.target_name)) + ")");
        std::size_t width = 0;
        for (const auto &property : entry.properties)
            if (property.ignored.empty())
                width = std::max(width, ui::display_width(ui::printable(property.property)));
        for (const auto &property : entry.properties)
            if (property.ignored.empty())
                values(property, std::min<std::size_t>(width, 30));
    }

    /// The name of the property stands before the first of its lines.
    void values(const PropertyDifference &property, std::size_t width) {
        std::string name = ui::printable(property.property);
        if (ui::display_width(name) > width) {
            add("      {}\n", name);
            name.clear();
        }
        for (const auto &line : diff_lines(property.source, property.target, 2)) {
            const char *color = line.mark == '-' ? kBad : line.mark == '+' ? kGood : kSoft;
            const std::string text =
                line.mark == '.' ? "..."
                                 : fmt::format("{} {}", line.mark, ui::printable(line.text));
            add("      {}  {}\n", ui::fitted(name, width), paint(text, color));
            name.clear();
        }
    }

    void unverified() {
        if (comparison_.unread.empty())
            return;
        add("\n{}\n", paint("unverified", kDoubt));
        for (const auto &unread : comparison_.unread)
            add("  {}, {}: {}\n", plural(unread.kind), unread.side, ui::printable(unread.reason));
    }

    void notes() {
        if (comparison_.notes.empty())
            return;
        add("\n{}\n", paint("notes", "1"));
        for (const auto &note : comparison_.notes)
            add("  {}\n", ui::printable(note));
    }

    const Comparison &comparison_;
    const std::vector<std::string> &kinds_;
    Look look_;
    std::string text_;
};

} // namespace

std::string render_text(const Comparison &comparison, const std::vector<std::string> &kinds,
                        const Look &look) {
    return Writer(comparison, kinds, look).write();
}

} // namespace custody::compare
