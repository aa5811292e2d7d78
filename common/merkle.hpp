// Trees of RFC 6962, section 2.1, over leaves that are hashes already (docs/ledger-format.md,
// section 1): one leaf is its own tree, a node is H(01 || left || right), no leaf at all H(13).
// What neither returns nor takes a vector never allocates or throws and may run in hot code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/sha256.hpp"

namespace custody::ledger {

using Hash = digest::Sha256Bytes;

/// Peaks of a tree of fewer than 2^64 leaves, and one to spare for add_leaf().
inline constexpr std::size_t kMostPeaks = 65;

Hash node(const Hash &left, const Hash &right) noexcept;

/// A growing tree is its peaks: the roots of the complete trees that its number of leaves is made
/// of, the largest first. Adds a leaf to a tree of `count`; there must be room for
/// popcount(count) + 1 peaks. Returns how many there are now: popcount(count + 1).
unsigned add_leaf(Hash *peaks, std::uint64_t count, const Hash &leaf) noexcept;

/// The tree of `count` leaves with these peaks.
Hash tree_of_peaks(const Hash *peaks, std::uint64_t count) noexcept;

Hash tree_of(std::span<const Hash> leaves) noexcept;

/// From the leaf upward; index < leaves.size().
std::vector<Hash> audit_path(std::span<const Hash> leaves, std::size_t index);

/// The tree in which the leaf stands at this place of `count`; nothing where the path does not have
/// the length that such a place asks for.
std::optional<Hash> root_from_path(const Hash &leaf, std::uint64_t index, std::uint64_t count,
                                   std::span<const Hash> path) noexcept;

} // namespace custody::ledger
