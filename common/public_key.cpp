#include "common/public_key.hpp"

#include <array>
#include <climits>
#include <cstring>
#include <new>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "common/base64url.hpp"

namespace custody::token {

namespace {

constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kP256Bytes = 32;
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192; // a larger one only takes time
constexpr std::size_t kLongestKey = 16384;

template <typename T, void (*Free)(T *)> struct Freed {
    void operator()(T *pointer) const noexcept { Free(pointer); }
};
template <typename T, void (*Free)(T *)> using Owned = std::unique_ptr<T, Freed<T, Free>>;

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Context = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = Owned<BIGNUM, BN_free>;

void free_bio(BIO *bio) { BIO_free_all(bio); }
using Bio = Owned<BIO, free_bio>;

const unsigned char *bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char *>(text.data());
}

std::shared_ptr<EVP_PKEY> shared(EVP_PKEY *key, const char *fault) {
    ERR_clear_error(); // what libcrypto left there is nobody else's business
    if (key == nullptr) {
        throw KeyError(fault);
    }
    return {key, EVP_PKEY_free};
}

Bio text_bio(std::string_view text) {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) {
        throw std::bad_alloc();
    }
    return bio;
}

/// A private key is never asked for a passphrase, which would read the terminal.
int no_passphrase(char *, int, int, void *) { return -1; }

bool is_p256(EVP_PKEY *key) {
    std::array<char, 64> name{};
    std::size_t length = 0;
    return EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) == 1 &&
           std::string_view(name.data(), length) == "prime256v1";
}

void check_rsa(EVP_PKEY *key) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < kLeastRsaBits || bits > kMostRsaBits) {
        throw KeyError("RSA keys must have 2048 to 8192 bits");
    }
    BIGNUM *found = nullptr;
    (void)EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &found);
    const Number exponent(found);
    if (!exponent || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) ||
        BN_num_bits(exponent.get()) > 32) {
        throw KeyError("the RSA key's exponent is not odd, from 3 to 32 bits");
    }
}

Algorithm algorithm_of(EVP_PKEY *key) {
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        return Algorithm::ed25519;
    case EVP_PKEY_RSA:
        check_rsa(key);
        return Algorithm::rs256;
    case EVP_PKEY_EC:
        if (is_p256(key)) {
            return Algorithm::es256;
        }
        break;
    default:
        break;
    }
    throw KeyError("the key is none of Ed25519, RSA and P-256");
}

EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *built) {
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(built);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
    EVP_PKEY *key = nullptr;
    if (context != nullptr && parameters != nullptr && EVP_PKEY_fromdata_init(context) == 1) {
        (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return key;
}

Number number(std::string_view bytes) {
    return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// The DER form of a signature that has r and s side by side; empty where it cannot be one.
std::vector<unsigned char> der_signature(std::span<const std::byte> raw) {
    std::vector<unsigned char> der;
    if (raw.size() != 2 * kP256Bytes) {
        return der;
    }
    const std::string_view text(reinterpret_cast<const char *>(raw.data()), raw.size());
    const Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
    Number r = number(text.substr(0, kP256Bytes));
    Number s = number(text.substr(kP256Bytes));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
        throw std::bad_alloc();
    }
    (void)r.release();
    (void)s.release();
    der.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)));
    unsigned char *end = der.data();
    (void)i2d_ECDSA_SIG(signature.get(), &end);
    return der;
}

std::string memory_of(BIO *bio) {
    char *data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

} // namespace

std::string_view algorithm_word(Algorithm algorithm) noexcept {
    switch (algorithm) {
    case Algorithm::ed25519:
        return "Ed25519";
    case Algorithm::rs256:
        return "RS256";
    case Algorithm::es256:
        return "ES256";
    case Algorithm::hmac_sha256:
        return "HMAC-SHA256";
    case Algorithm::hs256:
        return "HS256";
    }
    return "";
}

std::string_view jwt_algorithm(Algorithm algorithm) noexcept {
    switch (algorithm) {
    case Algorithm::ed25519:
        return "EdDSA";
    case Algorithm::hmac_sha256:
        return "";
    default:
        return algorithm_word(algorithm);
    }
}

PublicKey::PublicKey(std::shared_ptr<EVP_PKEY> key)
    : key_(std::move(key)), algorithm_(algorithm_of(key_.get())) {}

PublicKey PublicKey::parse(std::string_view text) {
    if (text.size() > kLongestKey) {
        throw KeyError("the key is too long");
    }
    if (text.find("-----BEGIN") != std::string_view::npos) {
        if (text.find("PRIVATE") != std::string_view::npos) {
            throw KeyError("a private key stands where a public one is wanted");
        }
        return PublicKey(
            shared(PEM_read_bio_PUBKEY(text_bio(text).get(), nullptr, no_passphrase, nullptr),
                   "the PEM holds no public key"));
    }
    if (text.size() == kEd25519Bytes) {
        return ed25519(text);
    }
    if (const auto bytes = decode_base64url(text); bytes && bytes->size() == kEd25519Bytes) {
        return ed25519(*bytes);
    }
    const unsigned char *at = bytes_of(text);
    EVP_PKEY *key = d2i_PUBKEY(nullptr, &at, static_cast<long>(text.size()));
    auto owned = shared(key, "the text is no public key");
    if (at != bytes_of(text) + text.size()) {
        throw KeyError("bytes follow the public key");
    }
    return PublicKey(std::move(owned));
}

PublicKey PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
    if (modulus.size() > kMostRsaBits / 8 + 1 || exponent.size() > 8) {
        throw KeyError("RSA keys must have 2048 to 8192 bits");
    }
    const Number n = number(modulus);
    const Number e = number(exponent);
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> built(OSSL_PARAM_BLD_new());
    if (!n || !e || !built ||
        OSSL_PARAM_BLD_push_BN(built.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(built.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
        throw KeyError("the numbers are no RSA key");
    }
    return PublicKey(shared(make("RSA", built.get()), "the numbers are no RSA key"));
}

PublicKey PublicKey::p256(std::string_view x, std::string_view y) {
    if (x.size() != kP256Bytes || y.size() != kP256Bytes) {
        throw KeyError("the coordinates of a P-256 key must have 32 bytes");
    }
    const std::string point = std::string(1, '\x04').append(x).append(y);
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> built(OSSL_PARAM_BLD_new());
    if (!built ||
        OSSL_PARAM_BLD_push_utf8_string(built.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(built.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1) {
        throw std::bad_alloc();
    }
    return PublicKey(shared(make("EC", built.get()), "the point is not on the curve P-256"));
}

PublicKey PublicKey::ed25519(std::string_view bytes) {
    return PublicKey(shared(
        bytes.size() == kEd25519Bytes
            ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size())
            : nullptr,
        "an Ed25519 public key must have 32 bytes"));
}

std::string PublicKey::der() const {
    const int size = i2d_PUBKEY(key_.get(), nullptr);
    if (size <= 0) {
        throw std::bad_alloc();
    }
    std::string der(static_cast<std::size_t>(size), '\0');
    auto *end = reinterpret_cast<unsigned char *>(der.data());
    (void)i2d_PUBKEY(key_.get(), &end);
    return der;
}

bool PublicKey::verify(std::string_view text, std::span<const std::byte> signature) const {
    std::vector<unsigned char> der;
    const auto *bytes = reinterpret_cast<const unsigned char *>(signature.data());
    std::size_t size = signature.size();
    if (algorithm_ == Algorithm::es256) {
        der = der_signature(signature);
        bytes = der.data();
        size = der.size();
    }
    if (size == 0) {
        return false;
    }
    const Context context(EVP_MD_CTX_new());
    if (!context) {
        throw std::bad_alloc();
    }
    const EVP_MD *hash = algorithm_ == Algorithm::ed25519 ? nullptr : EVP_sha256();
    const bool good =
        EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), bytes, size, bytes_of(text), text.size()) == 1;
    ERR_clear_error();
    return good;
}

Ed25519PrivateKey Ed25519PrivateKey::parse(std::string_view pem) {
    auto key = pem.size() > kLongestKey
                   ? nullptr
                   : PEM_read_bio_PrivateKey(text_bio(pem).get(), nullptr, no_passphrase, nullptr);
    auto owned = shared(key, "the text is no private key in PEM without a passphrase");
    if (EVP_PKEY_get_base_id(owned.get()) != EVP_PKEY_ED25519) {
        throw KeyError("the private key is not of Ed25519");
    }
    return Ed25519PrivateKey(std::move(owned));
}

Ed25519PrivateKey Ed25519PrivateKey::generate() {
    return Ed25519PrivateKey(
        shared(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "no key could be generated"));
}

std::string Ed25519PrivateKey::pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) != 1) {
        throw std::bad_alloc();
    }
    return memory_of(bio.get());
}

PublicKey Ed25519PrivateKey::public_key() const {
    std::array<unsigned char, kEd25519Bytes> bytes{};
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size) != 1) {
        throw std::bad_alloc();
    }
    return PublicKey::ed25519({reinterpret_cast<const char *>(bytes.data()), size});
}

std::string Ed25519PrivateKey::sign(std::string_view text) const {
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    const Context context(EVP_MD_CTX_new());
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char *>(signature.data()), &size,
                       bytes_of(text), text.size()) != 1) {
        throw KeyError("the key could not sign");
    }
    return signature;
}

} // namespace custody::token
