#include "loader/repair/change.hpp"

#include <map>
#include <set>

#include <fmt/format.h>

namespace custody::repair {
namespace {

constexpr std::size_t kShownBytes = 100; // of one value

std::string shown(const std::optional<std::string> &value) {
    if (!value)
        return "NULL";
    std::string text;
    for (const char c : *value) {
        if (text.size() >= kShownBytes && (static_cast<unsigned char>(c) & 0xC0U) != 0x80)
            return text + "...";
        // A line break would end the comment that this may be part of.
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || code == 0x7f)
            text += fmt::format("\\x{:02x}", code);
        else
            text += c;
    }
    return text;
}

Change make(Action action, std::size_t table, verify::Difference &source,
            verify::Difference &target) {
    Change change;
    change.action = action;
    change.table = table;
    if (action != Action::erase)
        change.after = std::move(source.source->values);
    if (action != Action::insert)
        change.before = std::move(target.target->values);
    return change;
}

bool has_values(const verify::Difference &difference) {
    return (difference.kind == verify::Kind::extra || difference.source) &&
           (difference.kind == verify::Kind::missing || difference.target);
}

} // namespace

std::string_view action_name(Action action) noexcept {
    switch (action) {
    case Action::insert:
        return "insert";
    case Action::update:
        return "update";
    case Action::erase:
        return "delete";
    }
    return "";
}

std::string describe_key(const TargetTable &table, const Values &row) {
    if (table.key.empty())
        return "";
    std::string names;
    std::string values;
    for (const auto column : table.key) {
        names += (names.empty() ? "" : ", ") + shown(table.columns[column].name);
        values += (values.empty() ? "" : ", ") + shown(row[column]);
    }
    return fmt::format("({})=({})", names, values);
}

std::string describe(const Schema &schema, const Change &change) {
    const auto &table = schema.tables[change.table];
    const auto key =
        describe_key(table, change.action == Action::insert ? change.after : change.before);
    return shown(table.name()) + (key.empty() ? "" : " " + key);
}

Changes changes_of(const Schema &schema, std::size_t table, std::vector<verify::Difference> rows,
                   const std::vector<std::pair<std::size_t, std::size_t>> &same_key, bool erase) {
    Changes found;
    auto &changes = found.changes;
    std::set<std::size_t> paired;
    for (const auto &[missing, extra] : same_key) {
        if (!has_values(rows[missing]) || !has_values(rows[extra]) || paired.contains(missing) ||
            paired.contains(extra))
            continue;
        changes.push_back(make(Action::update, table, rows[missing], rows[extra]));
        paired.insert({missing, extra});
    }
    const bool keyless = schema.tables[table].key.empty();
    std::map<Values, std::size_t> erased; // without a key: number of the change
    for (std::size_t number = 0; number < rows.size(); ++number) {
        auto &row = rows[number];
        if (paired.contains(number) || row.age == verify::Age::in_flight || !has_values(row))
            continue;
        if (row.kind == verify::Kind::missing) {
            changes.push_back(make(Action::insert, table, row, row));
        } else if (row.kind == verify::Kind::different) {
            changes.push_back(make(Action::update, table, row, row));
        } else if (!erase) {
            ++found.extra_left;
        } else if (const auto same = erased.find(row.target->values); same != erased.end()) {
            ++changes[same->second].count;
        } else {
            if (keyless)
                erased.emplace(row.target->values, changes.size());
            changes.push_back(make(Action::erase, table, row, row));
        }
    }
    return found;
}

} // namespace custody::repair
