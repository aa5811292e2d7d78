// The roots were computed in Python, with hashlib and struct.
#include "common/evidence.hpp"

#include <gtest/gtest.h>

#include <vector>

using namespace custody::digest;

namespace {

std::string hex(const RowHash &hash) {
    DigestValue value;
    value.profile = Profile::evidence;
    value.sum = hash.words;
    return value.sum_hex();
}

RowHash leaf_of(std::uint32_t bucket, HashList &list) {
    const std::uint64_t rows = list.rows();
    return evidence_leaf(bucket, rows, list.value());
}

TEST(Evidence, RootOfNoRows) {
    std::vector<RowHash> leaves;
    for (std::uint32_t i = 0; i < kEvidenceBuckets; ++i) {
        HashList empty;
        leaves.push_back(leaf_of(i, empty));
    }
    EXPECT_EQ(hex(evidence_root(leaves)),
              "ec26f199e2ae8fb93b7ef687d1362b2dd78fde618741b3bcfaef737ba0c8eada");
}

TEST(Evidence, RootOverFourBuckets) {
    std::vector<HashList> lists(4);
    for (std::uint64_t n = 0; n < 200; ++n) {
        lists[0].add({{0, 0, 0, n}});
    }
    for (int i = 0; i < 3; ++i) {
        lists[1].add({{5, 6, 7, 8}});
    }
    EXPECT_EQ(lists[0].rows(), 200U);
    EXPECT_EQ(hex(HashList(lists[0]).value()),
              "600c02ec765e9c3f7eaf30d722bd4670761cdcba01bc4dbd6cd6f05a0e01c3f0");
    std::vector<RowHash> leaves;
    for (std::uint32_t i = 0; i < 4; ++i) {
        leaves.push_back(leaf_of(i, lists[i]));
    }
    EXPECT_EQ(hex(evidence_root(leaves)),
              "6e41b5b864d8a08dea6718851aa1c0c6beaba149732a053fb804d87ae6b17eaa");
}

TEST(Evidence, OneLeafIsItsOwnRoot) {
    HashList empty;
    std::vector<RowHash> leaves = {leaf_of(0, empty)};
    const RowHash leaf = leaves[0];
    EXPECT_EQ(evidence_root(leaves), leaf);
}

} // namespace
