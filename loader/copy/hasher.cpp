#include "loader/copy/hasher.hpp"

#include <algorithm>

namespace custody::copy {

wire::StreamHasher make_hasher(const plan::Table &table) {
    return make_hasher(table, table.form, table.buckets, digest::Profile::fast);
}

wire::StreamHasher make_hasher(const plan::Table &table, wire::Form form, std::uint32_t buckets,
                               digest::Profile profile) {
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
    return {form, std::move(rules), std::move(key), buckets, profile};
}

} // namespace custody::copy
