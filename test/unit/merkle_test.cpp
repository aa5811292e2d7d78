#include "common/merkle.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

using namespace custody::ledger;

namespace {

Hash leaf(std::size_t number) {
    Hash hash{};
    std::memcpy(hash.data(), &number, sizeof(number));
    return hash;
}

std::vector<Hash> leaves(std::size_t count) {
    std::vector<Hash> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(leaf(i));
    }
    return all;
}

/// Word by word as RFC 6962 defines it.
Hash defined(std::span<const Hash> all) {
    if (all.empty()) {
        const std::byte kind{0x13};
        return custody::digest::sha256(std::span(&kind, 1));
    }
    if (all.size() == 1) {
        return all[0];
    }
    std::size_t left = 1;
    while (left * 2 < all.size()) {
        left *= 2;
    }
    std::vector<std::byte> bytes{std::byte{0x01}};
    for (const Hash &half : {defined(all.first(left)), defined(all.subspan(left))}) {
        bytes.insert(bytes.end(), half.begin(), half.end());
    }
    return custody::digest::sha256(bytes);
}

constexpr std::size_t kMost = 70;

TEST(Merkle, IsTheTreeOfTheDefinition) {
    for (std::size_t count = 0; count <= kMost; ++count) {
        const auto all = leaves(count);
        EXPECT_EQ(tree_of(all), defined(all)) << count;
    }
}

TEST(Merkle, PeaksGrowLeafByLeaf) {
    for (std::size_t count = 0; count <= kMost; ++count) {
        Hash peaks[kMostPeaks];
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_EQ(add_leaf(peaks, i, leaf(i)), static_cast<unsigned>(std::popcount(i + 1)));
        }
        EXPECT_EQ(tree_of_peaks(peaks, count), defined(leaves(count))) << count;
    }
}

TEST(Merkle, EveryPathLeadsToTheTreeAndNoOtherDoes) {
    for (std::size_t count = 1; count <= kMost; ++count) {
        const auto all = leaves(count);
        const Hash tree = tree_of(all);
        for (std::size_t i = 0; i < count; ++i) {
            auto path = audit_path(all, i);
            EXPECT_EQ(root_from_path(all[i], i, count, path), tree) << i << " of " << count;
            EXPECT_NE(root_from_path(leaf(count), i, count, path), tree);
            if (i + 1 < count) {
                EXPECT_NE(root_from_path(all[i], i + 1, count, path), tree);
            }
            path.push_back(leaf(0));
            EXPECT_FALSE(root_from_path(all[i], i, count, path));
            path.resize(path.size() - 1);
            if (!path.empty()) {
                path.pop_back();
                EXPECT_FALSE(root_from_path(all[i], i, count, path));
            }
        }
    }
}

TEST(Merkle, APlaceOutsideTheTreeHasNoPath) {
    EXPECT_FALSE(root_from_path(leaf(0), 1, 1, {}));
    EXPECT_FALSE(root_from_path(leaf(0), 0, 0, {}));
    EXPECT_EQ(root_from_path(leaf(7), 0, 1, {}), leaf(7));
}

} // namespace
