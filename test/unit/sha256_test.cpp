#include "common/sha256.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

using namespace custody::digest;

namespace {

std::string hex(const Sha256Bytes &bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        for (const int shift : {4, 0}) {
            text += "0123456789abcdef"[(std::to_integer<unsigned>(byte) >> shift) & 0xF];
        }
    }
    return text;
}

std::string hash_of(std::string_view text) { return hex(sha256(std::as_bytes(std::span(text)))); }

// The examples of NIST for FIPS 180-4: one block, two blocks, a million bytes, and nothing.
TEST(Sha256, AgreesWithTheExamplesOfNist) {
    EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hash_of(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PiecesHashLikeTheWhole) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += static_cast<char>(i * 7);
    }
    const auto bytes = std::as_bytes(std::span<const char>(text));
    for (const std::size_t piece : {1U, 3U, 55U, 63U, 64U, 65U, 128U, 999U, 1000U}) {
        PiecewiseSha256 hash;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            hash.add(bytes.subspan(at, std::min(piece, bytes.size() - at)));
            hash.add({});
        }
        EXPECT_EQ(hash.value(), sha256(bytes)) << piece;
    }
}

// Short messages are padded here, not by libcrypto: every length around the ends of blocks.
TEST(Sha256, EveryShortLengthHashesAsInPieces) {
    std::string text;
    for (std::size_t length = 0; length < 400; ++length) {
        PiecewiseSha256 hash;
        hash.add(std::as_bytes(std::span<const char>(text)));
        EXPECT_EQ(hash.value(), sha256(std::as_bytes(std::span<const char>(text)))) << length;
        text += static_cast<char>(length * 11 + 1);
    }
}

} // namespace
