// Any bytes as a JSON Web Key Set and as a public key: never out of bounds, no exception but
// KeyError, and every key that is taken comes back from its own DER.
#include "common/jwks.hpp"

#include <cstdlib>

using namespace custody::token;

namespace {

void check_key(const PublicKey &key) {
    const PublicKey back = PublicKey::parse(key.der());
    if (back.der() != key.der() || back.algorithm() != key.algorithm()) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char *>(bytes + 1), size - 1);
    try {
        if (bytes[0] % 4 == 0) {
            check_key(PublicKey::parse(text));
        } else {
            for (const Jwk &jwk : read_jwks(text)) {
                check_key(jwk.key);
            }
        }
    } catch (const KeyError &) {
        return 0;
    }
    return 0;
}
