#include "loader/copy/hasher.hpp"

#include <algorithm>

namespace custody::copy {

wire::StreamHasher make_hasher(const plan::Table &table) {
    std::vector<wire::TypeRule> rules;
    std::vector<std::uint16_t> key;
    for (const auto &column : table.columns)
        rules.push_back(column.rule);
    for (const auto &name : table.key) {
        const auto at = std::find_if(table.columns.begin(), table.columns.end(),
                                     [&](const auto &column) { return column.name == name; });
        if (at != table.columns.end())
            key.push_back(static_cast<std::uint16_t>(at - table.columns.begin()));
    }
    return {table.form, std::move(rules), std::move(key), table.buckets};
}

} // namespace custody::copy
