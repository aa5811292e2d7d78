#include "loader/repair/graph.hpp"

#include <algorithm>
#include <cstdint>

namespace custody::repair {
namespace {

/// Tarjan's strongly connected components, which come out with their predecessors first.
class Search {
  public:
    explicit Search(const Precedence &before)
        : before_(before), number_(before.size()), low_(before.size()), open_(before.size()) {}

    std::vector<std::vector<std::size_t>> run() {
        for (std::size_t node = 0; node < before_.size(); ++node)
            if (number_[node] == 0)
                visit(node);
        return std::move(found_);
    }

  private:
    struct Frame {
        std::size_t node;
        std::size_t next = 0;
    };

    void enter(std::size_t node) {
        number_[node] = low_[node] = ++count_;
        open_[node] = true;
        stack_.push_back(node);
        frames_.push_back({node});
    }

    void visit(std::size_t start) {
        enter(start);
        while (!frames_.empty()) {
            auto &frame = frames_.back();
            if (frame.next < before_[frame.node].size()) {
                const auto next = before_[frame.node][frame.next++];
                if (number_[next] == 0)
                    enter(next);
                else if (open_[next])
                    low_[frame.node] = std::min(low_[frame.node], number_[next]);
            } else {
                leave();
            }
        }
    }

    void leave() {
        const auto node = frames_.back().node;
        frames_.pop_back();
        if (!frames_.empty())
            low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
        if (low_[node] != number_[node])
            return;
        std::vector<std::size_t> component;
        std::size_t member = 0;
        do {
            member = stack_.back();
            stack_.pop_back();
            open_[member] = false;
            component.push_back(member);
        } while (member != node);
        std::sort(component.begin(), component.end());
        found_.push_back(std::move(component));
    }

    const Precedence &before_;
    std::vector<std::uint64_t> number_, low_; // 0 = not visited
    std::vector<bool> open_;
    std::uint64_t count_ = 0;
    std::vector<std::size_t> stack_;
    std::vector<Frame> frames_;
    std::vector<std::vector<std::size_t>> found_;
};

} // namespace

std::vector<std::vector<std::size_t>> in_order(const Precedence &before) {
    return Search(before).run();
}

} // namespace custody::repair
