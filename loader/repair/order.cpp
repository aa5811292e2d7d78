#include "loader/repair/order.hpp"

#include <algorithm>
#include <unordered_map>

#include "loader/repair/cycle.hpp"

namespace custody::repair {
namespace {

/// The values of some columns of a row, told apart; "" where one of them is NULL.
std::string tuple(const Values &row, const std::vector<std::size_t> &columns) {
    std::string text;
    for (const auto column : columns) {
        if (!row[column])
            return "";
        text += std::to_string(row[column]->size()) + ":" + *row[column];
    }
    return text;
}

bool sets_any(const Change &change, const std::vector<std::size_t> &columns) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](auto column) { return change.sets(column); });
}

/// What the change makes true of the columns that was not before; "" = nothing.
std::string gained(const Change &change, const std::vector<std::size_t> &columns) {
    return change.action == Action::erase || !sets_any(change, columns)
               ? ""
               : tuple(change.after, columns);
}

std::string lost(const Change &change, const std::vector<std::size_t> &columns) {
    return change.action == Action::insert || !sets_any(change, columns)
               ? ""
               : tuple(change.before, columns);
}

using ByTuple = std::unordered_map<std::string, std::size_t>;

class Edges {
  public:
    Edges(const Schema &schema, const std::vector<Change> &changes)
        : schema_(schema), changes_(changes), of_table_(schema.tables.size()) {
        for (std::size_t number = 0; number < changes.size(); ++number)
            of_table_[changes[number].table].push_back(number);
    }

    std::vector<Edge> all() {
        for (std::size_t number = 0; number < schema_.foreign_keys.size(); ++number)
            of_key(number);
        for (std::size_t table = 0; table < schema_.tables.size(); ++table)
            for (std::size_t number = 0; number < schema_.tables[table].uniques.size(); ++number)
                of_unique(table, number);
        return std::move(edges_);
    }

  private:
    void add(std::size_t first, std::size_t second, Edge::Reason reason, std::size_t constraint) {
        if (first != second)
            edges_.push_back({first, second, reason, constraint});
    }

    void of_key(std::size_t number) {
        const auto &key = schema_.foreign_keys[number];
        if (of_table_[key.child].empty() || of_table_[key.parent].empty())
            return;
        ByTuple come;
        ByTuple go;
        for (const auto parent : of_table_[key.parent]) {
            if (auto text = gained(changes_[parent], key.parent_columns); !text.empty())
                come.emplace(std::move(text), parent);
            if (auto text = lost(changes_[parent], key.parent_columns); !text.empty())
                go.emplace(std::move(text), parent);
        }
        for (const auto child : of_table_[key.child]) {
            const auto &change = changes_[child];
            if (const auto found = come.find(gained(change, key.child_columns));
                found != come.end())
                add(found->second, child, Edge::Reason::refers, number);
            if (const auto found = go.find(lost(change, key.child_columns)); found != go.end())
                add(child, found->second, Edge::Reason::referred, number);
        }
    }

    void of_unique(std::size_t table, std::size_t number) {
        const auto &columns = schema_.tables[table].uniques[number].columns;
        ByTuple given_up;
        for (const auto change : of_table_[table])
            if (auto text = lost(changes_[change], columns); !text.empty())
                given_up.emplace(std::move(text), change);
        if (given_up.empty())
            return;
        for (const auto change : of_table_[table])
            if (const auto found = given_up.find(gained(changes_[change], columns));
                found != given_up.end())
                add(found->second, change, Edge::Reason::unique, number);
    }

    const Schema &schema_;
    const std::vector<Change> &changes_;
    std::vector<std::vector<std::size_t>> of_table_;
    std::vector<Edge> edges_;
};

/// Numbers of the tables, parents first.
std::vector<std::size_t> ranks(const Schema &schema) {
    Precedence before(schema.tables.size());
    for (const auto &key : schema.foreign_keys)
        before[key.child].push_back(key.parent);
    std::vector<std::size_t> rank(schema.tables.size());
    std::size_t next = 0;
    for (const auto &component : in_order(before))
        for (const auto table : component)
            rank[table] = next++;
    return rank;
}

void sort(const Schema &schema, std::vector<Change> &changes) {
    const auto rank = ranks(schema);
    const auto place = [&](const Change &change) {
        return change.action == Action::erase
                   ? std::pair(0, schema.tables.size() - rank[change.table])
                   : std::pair(1, rank[change.table]);
    };
    std::stable_sort(changes.begin(), changes.end(),
                     [&](const auto &a, const auto &b) { return place(a) < place(b); });
}

} // namespace

std::uint64_t Unit::rows() const {
    std::uint64_t rows = 0;
    for (const auto &change : changes)
        rows += change.step ? 0 : change.count;
    return rows;
}

Order order_of(const Schema &schema, std::vector<Change> changes) {
    Order order;
    std::erase_if(changes, [&](Change &change) {
        const bool nothing = change.action == Action::update && change.before == change.after;
        if (nothing)
            order.refused.emplace_back(std::move(change),
                                       "its values are not the same, but are written alike");
        return nothing;
    });
    sort(schema, changes);
    const auto edges = Edges(schema, changes).all();
    Precedence before(changes.size());
    for (const auto &edge : edges)
        before[edge.second].push_back(edge.first);
    std::vector<std::vector<const Edge *>> from(changes.size());
    for (const auto &edge : edges)
        from[edge.first].push_back(&edge);
    for (const auto &component : in_order(before)) {
        std::vector<Change> members;
        for (const auto number : component)
            members.push_back(std::move(changes[number]));
        std::vector<Edge> within;
        for (std::size_t place = 0; place < component.size() && component.size() > 1; ++place)
            for (const auto *edge : from[component[place]]) {
                const auto found =
                    std::lower_bound(component.begin(), component.end(), edge->second);
                if (found != component.end() && *found == edge->second)
                    within.push_back({place, static_cast<std::size_t>(found - component.begin()),
                                      edge->reason, edge->constraint});
            }
        resolve(schema, std::move(members), std::move(within), order);
    }
    return order;
}

} // namespace custody::repair
