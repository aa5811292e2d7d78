#include "loader/audit/continuity.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "loader/audit/deliver.hpp"

using namespace custody::audit;
using custody::ledger::Digest;
using custody::ledger::Hash;

namespace {

/// A chain of this many blocks; from `other` on, another one.
std::vector<ChainBlock> chain(std::uint64_t count, std::uint64_t other = UINT64_MAX) {
    std::vector<ChainBlock> blocks;
    Hash before = custody::ledger::kNothingBefore;
    for (std::uint64_t number = 1; number <= count; ++number) {
        ChainBlock one{};
        one.block.number = number;
        one.block.before = before;
        one.block.sealed_at = number >= other ? 1 : 0;
        one.stored = before = custody::ledger::block_hash(one.block);
        blocks.push_back(one);
    }
    return blocks;
}

Digest digest(const std::vector<ChainBlock> &blocks, std::uint64_t number) {
    return {{}, number, blocks[number - 1].stored};
}

/// "" where the ledger of `rows` follows from the digest.
std::string broken(const Digest &last, const Digest &newest, const std::vector<ChainBlock> &rows) {
    Continuity continuity(last, newest);
    if (const auto found = continuity.begin())
        return found->kind;
    for (const ChainBlock &row : rows)
        if (row.block.number >= last.block && row.block.number <= newest.block)
            if (const auto found = continuity.add(row))
                return found->kind;
    const auto found = continuity.end();
    return found ? found->kind : "";
}

TEST(Continuity, AChainFollows) {
    const auto blocks = chain(9);
    for (std::uint64_t last = 1; last <= 9; ++last)
        for (std::uint64_t newest = last; newest <= 9; ++newest)
            EXPECT_EQ(broken(digest(blocks, last), digest(blocks, newest), blocks), "");
}

TEST(Continuity, AnotherHistoryIsAFork) {
    const auto blocks = chain(9);
    for (std::uint64_t other = 1; other <= 4; ++other) {
        const auto forked = chain(9, other);
        EXPECT_EQ(broken(digest(blocks, 4), digest(forked, 9), forked), "fork") << other;
        EXPECT_EQ(broken(digest(blocks, 4), digest(forked, 4), forked), "fork") << other;
    }
    EXPECT_EQ(broken(digest(blocks, 4), digest(chain(9, 5), 9), chain(9, 5)), "");
}

TEST(Continuity, AnotherLedgerIsAFork) {
    const auto blocks = chain(3);
    Digest other = digest(blocks, 3);
    other.ledger.fill(std::byte{1});
    EXPECT_EQ(broken(digest(blocks, 2), other, blocks), "fork");
}

TEST(Continuity, FewerBlocksAreAnOldState) {
    const auto blocks = chain(9);
    EXPECT_EQ(broken(digest(blocks, 9), digest(blocks, 8), blocks), "old digest");
}

TEST(Continuity, AMissingBlockIsAGap) {
    for (const std::size_t missing : {3, 5, 8}) {
        const auto whole = chain(9);
        auto blocks = whole;
        blocks.erase(blocks.begin() + static_cast<long>(missing));
        EXPECT_EQ(broken(digest(whole, 4), digest(whole, 9), blocks), "gap") << missing;
    }
}

TEST(Continuity, ABlockThatWasChangedIsAFork) {
    for (const std::size_t changed : {3, 5, 8}) {
        const auto whole = chain(9);
        auto blocks = whole;
        blocks[changed].block.slots.fill(std::byte{7}); // its stored hash is what it was
        EXPECT_EQ(broken(digest(whole, 4), digest(whole, 9), blocks), "fork") << changed;
        blocks[changed].stored = custody::ledger::block_hash(blocks[changed].block);
        EXPECT_EQ(broken(digest(whole, 4), digest(whole, 9), blocks), "fork") << changed;
    }
}

TEST(Deliver, ThePlaceOfAUrlHasNoSecret) {
    EXPECT_EQ(place_of("https://user:secret@host:8443/secret?token=secret"), "https://host:8443");
    EXPECT_EQ(place_of("http://host/secret"), "http://host");
    EXPECT_EQ(place_of("secret"), "the URL");
}

} // namespace
