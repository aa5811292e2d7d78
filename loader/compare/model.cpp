#include "loader/compare/model.hpp"

#include <algorithm>

#include "loader/compare/sql_text.hpp"

namespace custody::compare {

bool Comparison::any_difference() const {
    return std::any_of(differences.begin(), differences.end(),
                       [](const Difference &difference) { return difference.ignored.empty(); });
}

const char *Comparison::verdict() const {
    if (any_difference())
        return "different";
    return unread.empty() ? "equal" : "unverified";
}

std::string shown(const Name &name) {
    std::string text;
    for (const auto *part : {&name.schema, &name.relation, &name.name})
        if (!part->empty())
            text += (text.empty() ? "" : ".") + readable_name(*part);
    return text + readable(name.suffix);
}

} // namespace custody::compare
