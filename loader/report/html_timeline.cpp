// The picture of where the time went: a lane for each thing that ran at the same time.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/report/html.hpp"
#include "loader/ui/text.hpp"

namespace custody::report::html {
namespace {

constexpr double kWidth = 1000, kLeft = 130, kRight = 14, kLane = 15, kGap = 4, kPhase = 22;
constexpr std::size_t kMostLanes = 16;

struct Lane {
    std::string kind;
    bool first = false; // of its kind: it carries the name
    std::vector<Span> spans;
};

/// Spans of one kind in as few lanes as overlap allows; neighbours that the eye could not tell
/// apart become one bar, so that a hundred thousand parts stay a small page.
std::vector<Lane> lanes_of(const std::string &kind, std::vector<Span> spans, double total) {
    std::stable_sort(spans.begin(), spans.end(),
                     [](const Span &a, const Span &b) { return a.timing.start < b.timing.start; });
    const double blur = total / 2000;
    std::vector<Lane> lanes;
    for (auto &span : spans) {
        auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const Lane &candidate) {
            return candidate.spans.back().timing.end <= span.timing.start + blur / 100;
        });
        if (lane == lanes.end()) {
            if (lanes.size() == kMostLanes)
                continue;
            lanes.push_back({kind, lanes.empty(), {}});
            lane = std::prev(lanes.end());
        }
        Span *last = lane->spans.empty() ? nullptr : &lane->spans.back();
        const bool small = span.timing.seconds() < blur;
        if (last != nullptr && small && span.timing.start - last->timing.end < blur) {
            last->timing.end = std::max(last->timing.end, span.timing.end);
            if (!last->label.ends_with(" and more") && last->label != span.label)
                last->label += " and more";
        } else {
            lane->spans.push_back(std::move(span));
        }
    }
    return lanes;
}

std::vector<Lane> all_lanes(const Report &report, double total) {
    std::map<std::string, std::vector<Span>> kinds;
    std::map<std::string, double> first;
    for (const auto &span : report.spans) {
        if (span.timing.start < 0 || span.timing.end < span.timing.start)
            continue;
        kinds[span.kind].push_back(span);
        const auto known = first.find(span.kind);
        if (known == first.end() || span.timing.start < known->second)
            first[span.kind] = span.timing.start;
    }
    std::vector<std::string> order;
    for (const auto &[kind, start] : first)
        order.push_back(kind);
    std::stable_sort(order.begin(), order.end(), [&](const std::string &a, const std::string &b) {
        return first[a] < first[b];
    });
    std::vector<Lane> lanes;
    for (const auto &kind : order)
        std::ranges::move(lanes_of(kind, std::move(kinds[kind]), total), std::back_inserter(lanes));
    return lanes;
}

/// 1, 2 or 5 times a power of ten, or a round number of minutes: about eight of them.
double tick_step(double total) {
    for (const double step :
         {0.01, 0.02, 0.05,  0.1,   0.2,   0.5,    1.0,    2.0,    5.0,     10.0,   20.0,
          30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0})
        if (total / step <= 9)
            return step;
    return 86400.0 * std::ceil(total / 86400 / 9);
}

std::string tick_text(double seconds, double step) {
    if (step < 1)
        return fmt::format("{:.{}f} s", seconds, step < 0.1 ? 2 : 1);
    return seconds < 60 ? fmt::format("{:.0f} s", seconds) : ui::duration_text(seconds);
}

/// What fits beside a lane.
std::string shortened(const std::string &name) {
    const std::string shown = ui::printable(name);
    return ui::display_width(shown) > 18 ? ui::fitted(shown, 18) : shown;
}

class Chart {
  public:
    Chart(const Report &report, double total, std::vector<Lane> lanes)
        : report_(report), total_(total), lanes_(std::move(lanes)) {}

    std::string draw() {
        const double top = kPhase + 8;
        const double bottom = top + static_cast<double>(lanes_.size()) * (kLane + kGap);
        std::string text = fmt::format(
            "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"what ran when\">\n",
            kWidth, bottom + 22);
        const double step = tick_step(total_);
        for (int tick = 0; step * tick <= total_; ++tick) {
            const double x = at(step * tick);
            append(text,
                   "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.0f}\" "
                   "y2=\"{2:.1f}\"/><text x=\"{0:.1f}\" y=\"{3:.1f}\" "
                   "text-anchor=\"middle\">{4}</text>\n",
                   x, top - 4, bottom, bottom + 16, tick_text(step * tick, step));
        }
        phases(text);
        double y = top;
        for (const auto &lane : lanes_) {
            draw_lane(text, lane, y);
            y += kLane + kGap;
        }
        return text + "</svg>\n";
    }

  private:
    double at(double seconds) const {
        return kLeft + std::clamp(seconds / total_, 0.0, 1.0) * (kWidth - kLeft - kRight);
    }

    void phases(std::string &text) const {
        for (const auto &phase : report_.phases) {
            if (phase.timing.seconds() <= 0)
                continue;
            const double x = at(phase.timing.start);
            const double width = at(phase.timing.end) - x;
            const std::string name = ui::printable(phase.name);
            append(text,
                   "<g><title>{}: {}</title><rect class=\"phase\" x=\"{:.1f}\" y=\"1\" "
                   "width=\"{:.1f}\" height=\"{:.0f}\" rx=\"3\"/>",
                   escaped(name), ui::duration_text(phase.timing.seconds()), x, width, kPhase - 4);
            if (width > static_cast<double>(ui::display_width(name)) * 7 + 8)
                append(text, "<text x=\"{:.1f}\" y=\"14\" text-anchor=\"middle\">{}</text>",
                       x + width / 2, escaped(name));
            text += "</g>\n";
        }
    }

    void draw_lane(std::string &text, const Lane &lane, double y) const {
        if (lane.first) {
            std::string kind = lane.kind;
            std::replace(kind.begin(), kind.end(), '_', ' ');
            append(text,
                   "<text class=\"lane\" x=\"{:.0f}\" y=\"{:.1f}\" "
                   "text-anchor=\"end\">{}</text>\n",
                   kLeft - 10, y + kLane - 3, escaped(shortened(kind)));
        }
        for (const auto &span : lane.spans) {
            const double x = at(span.timing.start);
            // A hairline between neighbours, and never nothing at all.
            const double width = std::max(at(span.timing.end) - x - 0.6, 0.8);
            append(text,
                   "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                   "height=\"{:.0f}\" rx=\"2\"><title>{}: {}</title></rect>\n",
                   kind_class(lane.kind), x, y, width, kLane, escaped(span.label),
                   ui::duration_text(span.timing.seconds()));
        }
    }

    const Report &report_;
    double total_;
    std::vector<Lane> lanes_;
};

} // namespace

std::string_view kind_class(std::string_view kind) {
    if (kind == "copy" || kind == "extension_config" || kind == "large_object")
        return "k-copy";
    if (kind == "verify" || kind == "verify_generated" || kind == "sequence")
        return "k-verify";
    if (kind == "index" || kind == "constraint")
        return "k-index";
    if (kind == "foreign_key" || kind == "validate")
        return "k-key";
    if (kind == "schema" || kind == "role" || kind == "setting")
        return "k-schema";
    return "k-other";
}

std::string timeline(const Report &report) {
    double total = 0;
    for (const auto &span : report.spans)
        total = std::max(total, span.timing.end);
    for (const auto &phase : report.phases)
        total = std::max(total, phase.timing.end);
    if (total <= 0)
        return "";
    return Chart(report, total, all_lanes(report, total)).draw();
}

} // namespace custody::report::html
