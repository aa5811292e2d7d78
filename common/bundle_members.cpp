#include "common/bundle_members.hpp"

#include <algorithm>

namespace custody::ledger {

namespace {

/// What an earlier snapshot of the lineage saw, a later one sees.
bool goes_back(const Snapshot &before, const Snapshot &after) {
    return after.xmin < before.xmin || after.xmax < before.xmax ||
           std::any_of(after.running.begin(), after.running.end(),
                       [&before](std::uint64_t xid) { return before.sees(xid); });
}

} // namespace

void BlockMembers::begin_block(const BlockLine &block) {
    know_lineage(block.block.incarnation, block.lineage);
    lineage_ = block.lineage;
    snapshot_ = block.snapshot;
    last_.reset();
    if (const auto before = snapshots_.find(lineage_); before != snapshots_.end()) {
        require(!goes_back(before->second, snapshot_), Reason::member, "the snapshot goes back");
    }
    check_adopted(block.adopted, block.private_part.kind);
}

void BlockMembers::check_adopted(const std::vector<Adopted> &adopted, std::uint8_t kind) {
    require(adopted.empty() || kind == 1, Reason::member, "a block of kind 0 adopts");
    to_come_.clear();
    for (const Adopted &one : adopted) {
        require(ever_adopted_.insert(one).second, Reason::member,
                "the notes adopt a transaction that is adopted");
        to_come_.insert(one);
        const auto lineage = lineages_.find(one.incarnation);
        if (lineage == lineages_.end()) {
            not_[one.incarnation].insert(lineage_);
            continue;
        }
        require(lineage->second != lineage_, Reason::member,
                "the notes adopt a transaction of the block's own lineage");
        const auto seen = snapshots_.find(lineage->second);
        require(seen == snapshots_.end() || !seen->second.sees(one.xid), Reason::member,
                "the notes adopt a transaction of an earlier block");
    }
}

void BlockMembers::know_lineage(const Hash &incarnation, std::uint32_t lineage) {
    const auto excluded = not_.find(incarnation);
    const bool possible = lineages_.emplace(incarnation, lineage).first->second == lineage &&
                          (excluded == not_.end() || excluded->second.count(lineage) == 0);
    require(possible, Reason::member, "an incarnation has two lineages");
}

void BlockMembers::add(const Hash &incarnation, std::uint64_t xid) {
    const Adopted member{incarnation, xid};
    require(!last_ || *last_ < member, Reason::member, "the transactions do not ascend");
    last_ = member;
    if (to_come_.erase(member) != 0) {
        return;
    }
    require(ever_adopted_.count(member) == 0, Reason::member, "it was adopted by an earlier block");
    const auto known = lineages_.find(incarnation);
    require(known == lineages_.end() || known->second == lineage_, Reason::member,
            "it is of another lineage and not adopted");
    know_lineage(incarnation, lineage_);
    require(snapshot_.sees(xid), Reason::member, "the snapshot of the block does not see it");
    const auto before = snapshots_.find(lineage_);
    require(before == snapshots_.end() || !before->second.sees(xid), Reason::member,
            "an earlier block's snapshot sees it");
}

void BlockMembers::end_block(std::uint64_t line, bool shown) {
    require(!shown || to_come_.empty(), Reason::member, "the notes adopt what is not there", line);
    snapshots_[lineage_] = std::move(snapshot_);
}

} // namespace custody::ledger
