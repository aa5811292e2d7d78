#include "loader/verify/comparison.hpp"

#include <algorithm>

#include "common/protocol.hpp"

namespace custody::verify {

Comparison unverified(std::string type, std::string name, std::string reason) {
    Comparison result;
    result.type = std::move(type);
    result.name = std::move(name);
    result.verdict = protocol::verdict::kUnverified;
    result.reason = std::move(reason);
    return result;
}

std::string_view Verification::verdict() const {
    const auto any = [&](std::string_view verdict) {
        return std::any_of(objects.begin(), objects.end(),
                           [&](const auto &object) { return object.verdict == verdict; });
    };
    if (any(protocol::verdict::kDifferent))
        return protocol::verdict::kDifferent;
    const bool all = std::all_of(objects.begin(), objects.end(), [](const auto &object) {
        return object.verdict == protocol::verdict::kEqual;
    });
    return all && !objects.empty() ? protocol::verdict::kEqual : protocol::verdict::kUnverified;
}

Exit Verification::exit() const {
    return verdict() == protocol::verdict::kEqual ? Exit::ok : Exit::unverified;
}

} // namespace custody::verify
