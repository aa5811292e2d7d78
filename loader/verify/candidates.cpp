#include "loader/verify/candidates.hpp"

#include <algorithm>
#include <set>

namespace custody::verify {
namespace {

digest::RowHash hash_of(const std::optional<RowId> &row) {
    return row ? row->row_hash : digest::RowHash{};
}

void count_kind(TableDifferences &total, Kind kind) {
    total.missing += kind == Kind::missing ? 1 : 0;
    total.extra += kind == Kind::extra ? 1 : 0;
    total.different += kind == Kind::different ? 1 : 0;
}

} // namespace

bool Candidates::Candidate::is(const Unlike &unlike) const {
    return kind == unlike.kind && source == hash_of(unlike.source) &&
           target == hash_of(unlike.target);
}

void Candidates::Candidate::become(const Unlike &unlike) {
    kind = unlike.kind;
    bucket = unlike.bucket();
    source = hash_of(unlike.source);
    target = hash_of(unlike.target);
    met = true;
}

void Candidates::add(const Unlike &unlike) {
    if (by_key_.size() >= most_) {
        count_kind(beyond_, unlike.kind);
        return;
    }
    Candidate candidate;
    candidate.become(unlike);
    by_key_.emplace(unlike.key_hash(), candidate);
}

void Candidates::begin_look() {
    for (auto &[key, candidate] : by_key_)
        candidate.met = candidate.present = false;
}

Candidates::Met Candidates::meet(const Unlike &unlike) {
    const auto [first, last] = by_key_.equal_range(unlike.key_hash());
    for (auto at = first; at != last; ++at) {
        auto &candidate = at->second;
        if (candidate.met || candidate.age == Age::in_flight || !candidate.is(unlike))
            continue;
        candidate.met = true;
        if (candidate.age == Age::persistent)
            return Met::known;
        candidate.age = Age::persistent;
        return Met::again;
    }
    return Met::other;
}

void Candidates::meet_same(const RowId &row) {
    const auto [first, last] = by_key_.equal_range(row.key_hash);
    for (auto at = first; at != last; ++at)
        at->second.present = true;
}

bool Candidates::replace(const Unlike &unlike) {
    if (!keyed_)
        return false;
    const auto [first, last] = by_key_.equal_range(unlike.key_hash());
    for (auto at = first; at != last; ++at)
        if (!at->second.met && at->second.age == Age::open) {
            at->second.become(unlike);
            return true;
        }
    return false;
}

bool Candidates::end_look() {
    bool vanished = false;
    for (auto &[key, candidate] : by_key_) {
        if (candidate.met || candidate.age != Age::open)
            continue;
        candidate.age = Age::in_flight;
        vanished |= candidate.kind == Kind::missing && !candidate.present;
    }
    return vanished;
}

void Candidates::all_persistent(bool beyond) {
    beyond_.persistent = beyond ? beyond_.total() : 0;
    for (auto &[key, candidate] : by_key_)
        if (candidate.age == Age::open)
            candidate.age = Age::persistent;
}

bool Candidates::any_open() const {
    return std::any_of(by_key_.begin(), by_key_.end(),
                       [](const auto &entry) { return entry.second.age == Age::open; });
}

std::vector<std::uint32_t> Candidates::open_buckets() const {
    std::set<std::uint32_t> buckets;
    for (const auto &[key, candidate] : by_key_)
        if (candidate.age == Age::open)
            buckets.insert(candidate.bucket);
    return {buckets.begin(), buckets.end()};
}

void Candidates::count(TableDifferences &total) const {
    for (const auto &[key, candidate] : by_key_) {
        total.in_flight += candidate.age == Age::in_flight ? 1 : 0;
        total.persistent += candidate.age == Age::persistent ? 1 : 0;
        total.unsettled += candidate.age == Age::open ? 1 : 0;
        if (candidate.age != Age::in_flight)
            count_kind(total, candidate.kind);
    }
    total.missing += beyond_.missing;
    total.extra += beyond_.extra;
    total.different += beyond_.different;
    total.persistent += beyond_.persistent;
    total.unsettled += beyond_.total() - beyond_.persistent;
}

} // namespace custody::verify
