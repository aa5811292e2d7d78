// What the SQL functions that register keys need of C++: keys are read by what will use them.
#include <nlohmann/json.hpp>

#include "common/jwks.hpp"
#include "extension/pg/values.hpp"
#include "extension/tenant/key_file.hpp"

namespace custody::tenant {

namespace {

[[noreturn]] void refuse_key(const char *why) {
    throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "key cannot be used").detail(why);
}

token::PublicKey parse_key(Datum value) {
    try {
        return token::PublicKey::parse(pg::text_value(value));
    } catch (const token::KeyError &error) {
        refuse_key(error.what());
    }
}

std::string hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

std::vector<token::Jwk> parse_jwks(Datum value) {
    try {
        return token::read_jwks(pg::text_value(value));
    } catch (const token::KeyError &error) {
        refuse_key(error.what());
    }
}

} // namespace

CUSTODY_FUNCTION(custody_public_key_der) {
    const std::string der = parse_key(PG_GETARG_DATUM(0)).der();
    PG_RETURN_DATUM(pg::bytea_datum(std::as_bytes(std::span(der))));
}

CUSTODY_FUNCTION(custody_public_key_algorithm) {
    PG_RETURN_DATUM(
        pg::text_datum(token::algorithm_word(parse_key(PG_GETARG_DATUM(0)).algorithm())));
}

/// A JSON array of {kid, algorithm, key}, the last in hexadecimal.
CUSTODY_FUNCTION(custody_read_jwks) {
    nlohmann::json keys = nlohmann::json::array();
    for (const token::Jwk &jwk : parse_jwks(PG_GETARG_DATUM(0))) {
        keys.push_back({{"kid", jwk.kid},
                        {"algorithm", token::algorithm_word(jwk.key.algorithm())},
                        {"key", hex(jwk.key.der())}});
    }
    PG_RETURN_DATUM(pg::text_datum(keys.dump()));
}

/// Raises where the key file has no such key.
CUSTODY_FUNCTION(custody_check_file_key) {
    const std::string name = pg::text_value(PG_GETARG_DATUM(0));
    const bool own =
        pg::text_value(PG_GETARG_DATUM(1)) == token::algorithm_word(token::Algorithm::hmac_sha256);
    try {
        (void)file_key(name, own ? token::Algorithm::hmac_sha256 : token::Algorithm::hs256);
    } catch (const token::KeyError &error) {
        throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "key file has no such key")
            .detail(error.what())
            .hint("write a line that custody token --new-key prints into custody_keys in the data "
                  "directory, mode 0600");
    }
    PG_RETURN_VOID();
}

} // namespace custody::tenant
