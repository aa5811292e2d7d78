// The tree over the 2^24 slots of a block (docs/ledger-format.md, section 6), of which nearly all
// are empty: a subtree without an organization is one hash, whatever its size. Nothing allocates or
// throws; N organizations take about N * (25 - log2 N) * 2 hashes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/ledger_hash.hpp"

namespace custody::ledger {

struct SlotLeaf {
    std::uint32_t slot; // < kSlots
    Hash leaf;          // slot_leaf()
};

using SlotPath = std::array<Hash, kSlotLevels>;

/// The leaves ascending by slot, no slot twice. The secret is the block's.
Hash slot_root(std::span<const SlotLeaf> leaves, const Hash &secret) noexcept;

/// From the leaf upward, what stands beside the way from the slot to the root.
SlotPath slot_path(std::span<const SlotLeaf> leaves, const Hash &secret,
                   std::uint32_t slot) noexcept;

/// Where the path leads from the leaf; slot < kSlots.
Hash root_from_slot(const Hash &leaf, std::uint32_t slot, const SlotPath &path) noexcept;

} // namespace custody::ledger
