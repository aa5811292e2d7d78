#include "common/slot_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

using namespace custody::ledger;

namespace {

const Hash kSecret = custody::digest::sha256(bytes_of("secret"));

Hash leaf(std::uint32_t slot) { return slot_leaf(slot_blinding(kSecret, slot), kSecret); }

std::vector<SlotLeaf> leaves(const std::vector<std::uint32_t> &slots) {
    std::vector<SlotLeaf> all;
    for (const std::uint32_t slot : slots) {
        all.push_back({slot, leaf(slot)});
    }
    return all;
}

/// From below: level by level, a node wherever one of its two halves has an organization.
Hash from_below(const std::vector<SlotLeaf> &all) {
    std::map<std::uint32_t, Hash> level;
    for (const SlotLeaf &one : all) {
        level[one.slot] = one.leaf;
    }
    for (unsigned depth = kSlotLevels; depth > 0; --depth) {
        std::map<std::uint32_t, Hash> above;
        const auto at = [&](std::uint32_t index) {
            const auto found = level.find(index);
            return found != level.end()
                       ? found->second
                       : empty_slots(kSecret, static_cast<std::uint8_t>(depth), index);
        };
        for (const auto &[index, hash] : level) {
            above[index / 2] = node(at(index & ~1U), at(index | 1U));
        }
        level = above;
    }
    return level.empty() ? empty_slots(kSecret, 0, 0) : level.begin()->second;
}

const std::vector<std::vector<std::uint32_t>> kSets{
    {},
    {0},
    {kSlots - 1},
    {0, 1},
    {0, kSlots - 1},
    {5, 6, 7, 8, 1000, 123456, kSlots / 2 - 1, kSlots / 2, kSlots - 2}};

TEST(SlotTree, RootIsThatOfTheNodesFromBelow) {
    for (const auto &slots : kSets) {
        EXPECT_EQ(slot_root(leaves(slots), kSecret), from_below(leaves(slots))) << slots.size();
    }
}

TEST(SlotTree, EveryPathLeadsToTheRoot) {
    for (const auto &slots : kSets) {
        const auto all = leaves(slots);
        const Hash root = slot_root(all, kSecret);
        for (const std::uint32_t slot : slots) {
            const SlotPath path = slot_path(all, kSecret, slot);
            EXPECT_EQ(root_from_slot(leaf(slot), slot, path), root) << slot;
            EXPECT_NE(root_from_slot(leaf(slot ^ 1), slot, path), root) << slot;
            EXPECT_NE(root_from_slot(leaf(slot), slot ^ 1, path), root) << slot;
        }
    }
}

TEST(SlotTree, AnEmptySlotHasNoLeafThatLeadsToTheRoot) {
    const auto all = leaves({5, 7});
    const SlotPath path = slot_path(all, kSecret, 6);
    EXPECT_EQ(root_from_slot(empty_slots(kSecret, kSlotLevels, 6), 6, path),
              slot_root(all, kSecret));
    EXPECT_NE(root_from_slot(leaf(6), 6, path), slot_root(all, kSecret));
}

} // namespace
