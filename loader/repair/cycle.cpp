#include "loader/repair/cycle.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace custody::repair {
namespace {

/// One row of the cycle: what is done first of all, in its turn, and last.
struct Member {
    Change main;
    std::vector<Change> first;
    std::vector<Change> last;
    std::size_t first_place = 0; // in the unit, of the last of the first
};

class Cycle {
  public:
    Cycle(const Schema &schema, std::vector<Change> changes, std::vector<Edge> edges)
        : schema_(schema), edges_(std::move(edges)) {
        for (auto &change : changes)
            members_.push_back({std::move(change), {}, {}, 0});
    }

    /// The whole as one unit; nothing when it cannot be done.
    std::optional<Unit> unit() {
        using Reason = Edge::Reason;
        for (const auto step : {&Cycle::defer, &Cycle::set_null, &Cycle::replace})
            for (const auto reason : {Reason::unique, Reason::refers, Reason::referred})
                if (!acyclic())
                    std::erase_if(edges_, [&](const Edge &edge) {
                        return edge.reason == reason && (this->*step)(edge);
                    });
        if (!acyclic())
            return std::nullopt;
        Unit unit;
        for (auto &member : members_) {
            take(unit, member.first);
            member.first_place = unit.changes.empty() ? 0 : unit.changes.size() - 1;
        }
        for (const auto &component : in_order(precedence()))
            take_main(unit, members_[component.front()]);
        for (auto &member : members_)
            take(unit, member.last);
        std::sort(deferred_.begin(), deferred_.end());
        deferred_.erase(std::unique(deferred_.begin(), deferred_.end()), deferred_.end());
        unit.deferred = std::move(deferred_);
        return unit;
    }

  private:
    static void take(Unit &unit, std::vector<Change> &changes) {
        std::move(changes.begin(), changes.end(), std::back_inserter(unit.changes));
    }

    /// Its steps may have left it nothing to do: then the last of them counts for the row.
    static void take_main(Unit &unit, Member &member) {
        if (member.main.action != Action::update || member.main.before != member.main.after)
            unit.changes.push_back(std::move(member.main));
        else if (!member.last.empty())
            member.last.back().step = false;
        else
            unit.changes[member.first_place].step = false;
    }

    Precedence precedence() const {
        Precedence before(members_.size());
        for (const auto &edge : edges_)
            before[edge.second].push_back(edge.first);
        return before;
    }

    bool acyclic() const { return in_order(precedence()).size() == members_.size(); }

    const Unique &unique_of(const Edge &edge) const {
        return schema_.tables[members_[edge.first].main.table].uniques[edge.constraint];
    }

    bool defer(const Edge &edge) {
        const auto &name = edge.reason == Edge::Reason::unique
                               ? unique_of(edge).deferrable
                               : schema_.foreign_keys[edge.constraint].deferrable;
        if (name.empty())
            return false;
        deferred_.push_back(name);
        return true;
    }

    /// A column of these that may be NULL and is no part of the key.
    std::optional<std::size_t> spare(const Change &change,
                                     const std::vector<std::size_t> &columns) const {
        const auto &table = schema_.tables[change.table];
        for (const auto column : columns)
            if (table.columns[column].nullable && !table.columns[column].never_updated &&
                std::find(table.key.begin(), table.key.end(), column) == table.key.end())
                return column;
        return std::nullopt;
    }

    bool set_null(const Edge &edge) {
        if (edge.reason == Edge::Reason::refers)
            return fill_last(members_[edge.second],
                             schema_.foreign_keys[edge.constraint].child_columns);
        if (edge.reason == Edge::Reason::unique && unique_of(edge).one_null)
            return false;
        return empty_first(members_[edge.first],
                           edge.reason == Edge::Reason::unique
                               ? unique_of(edge).columns
                               : schema_.foreign_keys[edge.constraint].child_columns);
    }

    /// What the row gives up, it gives up at once.
    bool empty_first(Member &member, const std::vector<std::size_t> &columns) const {
        const auto column = spare(member.main, columns);
        if (!column || member.main.count > 1)
            return false;
        if (!member.main.before[*column])
            return true; // by an earlier edge
        Change change = member.main;
        change.action = Action::update;
        change.step = true;
        change.after = change.before;
        change.after[*column] = std::nullopt;
        member.main.before = change.after;
        member.first.push_back(std::move(change));
        return true;
    }

    /// The row comes without what it refers to, which is filled in when all rows are there.
    bool fill_last(Member &member, const std::vector<std::size_t> &columns) const {
        const auto column = spare(member.main, columns);
        if (!column)
            return false;
        if (!member.main.after[*column])
            return true;
        Change change = member.main;
        change.action = Action::update;
        change.step = true;
        change.before = change.after;
        change.before[*column] = std::nullopt;
        member.main.after = change.before;
        member.last.insert(member.last.begin(), std::move(change));
        return true;
    }

    bool replace(const Edge &edge) {
        auto &member = members_[edge.first];
        const auto &table = schema_.tables[member.main.table];
        if (edge.reason != Edge::Reason::unique || table.referenced || table.more)
            return false;
        if (member.main.action == Action::insert) // by an earlier edge
            return true;
        if (member.main.action != Action::update)
            return false;
        Change change = member.main;
        change.action = Action::erase;
        change.step = true;
        change.after.clear();
        member.first.push_back(std::move(change));
        member.main.action = Action::insert;
        member.main.before.clear();
        return true;
    }

    const Schema &schema_;
    std::vector<Member> members_;
    std::vector<Edge> edges_;
    std::vector<std::string> deferred_;
};

bool updates_what_never_is(const Schema &schema, const Change &change) {
    const auto &columns = schema.tables[change.table].columns;
    for (std::size_t column = 0; column < columns.size(); ++column)
        if (change.action == Action::update && columns[column].never_updated && change.sets(column))
            return true;
    return false;
}

/// An identity column that is always generated takes a value only with a new row.
void replace_row(const Schema &schema, Change change, Order &order) {
    const auto &table = schema.tables[change.table];
    if (table.referenced || table.more) {
        order.refused.emplace_back(
            std::move(change),
            fmt::format("an identity column that is always generated cannot be updated, and {}",
                        table.referenced
                            ? "other rows may refer to this one"
                            : "a new row would lose what only the target's columns hold"));
        return;
    }
    Change erased = change;
    erased.action = Action::erase;
    erased.step = true;
    erased.after.clear();
    change.action = Action::insert;
    change.before.clear();
    order.units.push_back({{std::move(erased), std::move(change)}, {}});
}

} // namespace

void resolve(const Schema &schema, std::vector<Change> changes, std::vector<Edge> edges,
             Order &order) {
    if (changes.size() == 1) {
        if (updates_what_never_is(schema, changes.front()))
            replace_row(schema, std::move(changes.front()), order);
        else
            order.units.push_back({std::move(changes), {}});
        return;
    }
    Cycle cycle(schema, changes, std::move(edges));
    if (auto unit = cycle.unit()) {
        order.units.push_back(std::move(*unit));
        return;
    }
    for (auto &change : changes)
        order.refused.emplace_back(
            std::move(change),
            "it and other rows need each other's unique value or row, and "
            "no constraint is deferrable and no column can be NULL for a moment");
}

} // namespace custody::repair
