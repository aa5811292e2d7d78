// What is hashed where it lies, because it is large, hashes as what is copied does: every function
// with bytes of variable length, on both sides of the limit, against the whole input in one piece.
#include "common/ledger_hash.hpp"

#include <gtest/gtest.h>

#include <string>

#include "common/big_endian.hpp"

using namespace custody::ledger;

namespace {

const Salt kSalt = [] {
    Salt salt;
    salt.fill(std::byte{0x5a});
    return salt;
}();
const std::string kSaltText(16, '\x5a');
const Hash kHash = custody::digest::sha256({});
const std::string kHashText(reinterpret_cast<const char *>(kHash.data()), kHash.size());

template <typename T> std::string big(T value) {
    std::byte bytes[sizeof(T)];
    custody::wire::put_big(bytes, value);
    return std::string(reinterpret_cast<const char *>(bytes), sizeof(T));
}

std::string lp(const std::string &text) {
    return big(static_cast<std::uint32_t>(text.size())) + text;
}

Hash whole(char kind, const std::string &text) {
    return custody::digest::sha256(bytes_of(kind + text));
}

TEST(LedgerHash, OfBytesOfAnyLength) {
    for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 1023U, 1024U, 1025U, 5000U}) {
        const std::string text(size, 'x');
        const Bytes bytes = bytes_of(text);
        EXPECT_EQ(key_commitment(kSalt, bytes), whole(3, kSaltText + text));
        EXPECT_EQ(images_commitment(kSalt, bytes, bytes),
                  whole(4, kSaltText + lp(text) + lp(text)));
        EXPECT_EQ(images_commitment(kSalt, no_image(), bytes),
                  whole(4, kSaltText + lp(std::string(1, '\0')) + lp(text)));
        EXPECT_EQ(context_part(2, kSalt, bytes), whole(5, '\2' + kSaltText + text));
        EXPECT_EQ(descriptor_hash(text), whole(7, text));
        EXPECT_EQ(transaction_leaf(kHash, 1, -1, 3, bytes),
                  whole(10, kHashText + big<std::int64_t>(1) + big<std::int64_t>(-1) +
                                big<std::uint32_t>(3) + text));
        EXPECT_EQ(value_hash(kSalt, 258, bytes), whole(0x11, kSaltText + "\1\2" + text));
        EXPECT_EQ(private_part({kHash, 1, 9, text, 2, 3, kHash, 4, text}),
                  whole(15, kHashText + '\1' + big<std::uint32_t>(9) + lp(text) +
                                big<std::uint64_t>(2) + big<std::uint64_t>(3) + kHashText +
                                big<std::uint64_t>(4) + lp(text)));
        EXPECT_EQ(link_hash({bytes, 1, 2, 3, 4, 5, kHash, kNothingBefore}),
                  whole(11, lp(text) + big<std::uint64_t>(1) + big<std::uint64_t>(2) +
                                big<std::uint32_t>(3) + big<std::uint64_t>(4) +
                                big<std::uint64_t>(5) + kHashText + std::string(32, '\0')));
    }
}

} // namespace
