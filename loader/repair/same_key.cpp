#include "loader/repair/same_key.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "loader/plan/sql.hpp"
#include "loader/repair/change.hpp"

namespace custody::repair {
namespace {

constexpr std::size_t kKeysAtOnce = 10'000;

Values key_of(const TargetTable &table, const Values &row) {
    Values key;
    for (const auto column : table.key)
        key.push_back(row[column]);
    return key;
}

/// Number and key of the rows that have the wanted keys; one parameter for each column.
std::string query_of(const TargetTable &table) {
    std::string arrays;
    std::string names;
    std::string selected;
    std::string conditions;
    for (std::size_t i = 0; i < table.key.size(); ++i) {
        const auto &column = table.columns[table.key[i]];
        const auto name = pq::quote_identifier(column.name);
        arrays += fmt::format("{}pg_catalog.unnest(${}::text[])", i == 0 ? "" : ", ", i + 1);
        names += fmt::format("k{}, ", i);
        selected += fmt::format(", t.{}", name);
        conditions += fmt::format("{}t.{} {} w.k{}::{}", i == 0 ? "" : " AND ", name, column.equals,
                                  i, column.type);
    }
    return fmt::format("SELECT w.n{} FROM ROWS FROM ({}) WITH ORDINALITY AS w({}n) "
                       "JOIN {} AS t ON {}",
                       selected, arrays, names, plan::target_rows(*table.plan), conditions);
}

bool has_other_spellings(const TargetTable &table) {
    const auto &columns = table.columns;
    return std::any_of(table.key.begin(), table.key.end(),
                       [&](auto column) { return !columns[column].exact; }) &&
           std::none_of(table.key.begin(), table.key.end(),
                        [&](auto column) { return columns[column].equals.empty(); });
}

} // namespace

std::vector<std::pair<std::size_t, std::size_t>>
same_keys(pq::Connection &target, const TargetTable &table,
          const std::vector<verify::Difference> &rows) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    if (!has_other_spellings(table))
        return pairs;
    std::vector<std::size_t> missing;
    std::map<Values, std::size_t> extra;
    for (std::size_t number = 0; number < rows.size(); ++number) {
        const auto &row = rows[number];
        if (row.kind == verify::Kind::missing && row.source)
            missing.push_back(number);
        else if (row.kind == verify::Kind::extra && row.target)
            extra.emplace(key_of(table, row.target->values), number);
    }
    const auto sql = query_of(table);
    for (std::size_t first = 0; first < missing.size() && !extra.empty(); first += kKeysAtOnce) {
        const auto last = std::min(first + kKeysAtOnce, missing.size());
        std::vector<pq::Param> arrays;
        for (const auto column : table.key) {
            std::vector<std::string> values;
            for (auto i = first; i < last; ++i)
                values.push_back(rows[missing[i]].source->values[column].value_or(""));
            arrays.emplace_back(pq::array_literal(values));
        }
        const auto found = target.query(sql, std::span<const pq::Param>(arrays));
        for (int row = 0; row < found.rows(); ++row) {
            Values key;
            for (int column = 1; column < found.columns(); ++column)
                key.push_back(found.optional(row, column));
            if (const auto other = extra.find(key); other != extra.end())
                pairs.emplace_back(
                    missing[first + static_cast<std::size_t>(found.number(row, 0)) - 1],
                    other->second);
        }
    }
    return pairs;
}

} // namespace custody::repair
