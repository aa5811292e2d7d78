#include <algorithm>

#include "loader/compare/render.hpp"

namespace custody::compare {
namespace {

/// More lines than this on both sides are laid side by side without looking for what they share.
constexpr std::size_t kMostCells = 4'000'000;

std::vector<std::string> lines_of(const Value &value) {
    if (!value)
        return {"(none)"};
    if (value->empty())
        return {"(empty)"};
    std::vector<std::string> lines;
    std::string_view rest = *value;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

using Lines = std::vector<std::string>;

/// Longest common subsequence, the classic table.
std::vector<DiffLine> aligned(const Lines &a, const Lines &b) {
    const std::size_t width = b.size() + 1;
    std::vector<std::uint32_t> length((a.size() + 1) * width);
    for (std::size_t i = a.size(); i-- > 0;)
        for (std::size_t j = b.size(); j-- > 0;)
            length[i * width + j] =
                a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                             : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
    std::vector<DiffLine> result;
    std::size_t i = 0, j = 0;
    while (i < a.size() || j < b.size()) {
        if (i < a.size() && j < b.size() && a[i] == b[j]) {
            result.push_back({' ', a[i++]});
            ++j;
        } else if (i < a.size() &&
                   (j == b.size() || length[(i + 1) * width + j] >= length[i * width + j + 1])) {
            result.push_back({'-', a[i++]});
        } else {
            result.push_back({'+', b[j++]});
        }
    }
    return result;
}

} // namespace

std::vector<DiffLine> diff_lines(const Value &source, const Value &target, std::size_t context) {
    const auto a = lines_of(source);
    const auto b = lines_of(target);
    std::vector<DiffLine> all;
    if (a.size() * b.size() <= kMostCells) {
        all = aligned(a, b);
    } else {
        for (const auto &line : a)
            all.push_back({'-', line});
        for (const auto &line : b)
            all.push_back({'+', line});
    }
    std::vector<bool> kept(all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = i - std::min(i, context);
             all[i].mark != ' ' && k < std::min(all.size(), i + context + 1); ++k)
            kept[k] = true;
    std::vector<DiffLine> result;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (kept[i])
            result.push_back(std::move(all[i]));
        else if (result.empty() || result.back().mark != '.')
            result.push_back({'.', ""});
    }
    return result;
}

} // namespace custody::compare
