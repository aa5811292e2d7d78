// Keys whose signatures can be verified with what is public, by libcrypto; and Ed25519 private keys
// for minting. The algorithm belongs to the key: no caller chooses one.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace custody::token {

enum class Algorithm { ed25519, rs256, es256, hmac_sha256, hs256 };

/// As it is written in tables and key files: Ed25519, RS256, ES256, HMAC-SHA256, HS256.
std::string_view algorithm_word(Algorithm algorithm) noexcept;
/// What the header of a JWT calls it: Ed25519 is EdDSA there; "" for HMAC-SHA256, which no JWT has.
std::string_view jwt_algorithm(Algorithm algorithm) noexcept;

/// A key that cannot be used; the text says why, and holds nothing of the key.
class KeyError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class PublicKey {
  public:
    /// From SubjectPublicKeyInfo in DER, PEM, or the 32 bytes of an Ed25519 key (also as
    /// base64url). Throws KeyError, for weak keys too: RSA below 2048 bits, curves but P-256.
    static PublicKey parse(std::string_view text);
    /// From the numbers of a JWK, big endian.
    static PublicKey rsa(std::string_view modulus, std::string_view exponent);
    static PublicKey p256(std::string_view x, std::string_view y);
    static PublicKey ed25519(std::string_view bytes);

    Algorithm algorithm() const noexcept { return algorithm_; }
    /// SubjectPublicKeyInfo.
    std::string der() const;
    /// ES256 signatures are r and s, 32 bytes each, as JWS has them. Throws std::bad_alloc.
    bool verify(std::string_view text, std::span<const std::byte> signature) const;

  private:
    explicit PublicKey(std::shared_ptr<evp_pkey_st> key);

    std::shared_ptr<evp_pkey_st> key_;
    Algorithm algorithm_;
};

class Ed25519PrivateKey {
  public:
    /// PEM without a passphrase. Throws KeyError.
    static Ed25519PrivateKey parse(std::string_view pem);
    static Ed25519PrivateKey generate();

    std::string pem() const;
    PublicKey public_key() const;
    /// 64 bytes.
    std::string sign(std::string_view text) const;

  private:
    explicit Ed25519PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

    std::shared_ptr<evp_pkey_st> key_;
};

} // namespace custody::token
