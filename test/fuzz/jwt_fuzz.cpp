// Any bytes as a JSON Web Token, as its payload, and as JSON: never out of bounds, no exception but
// the one refusal, and no identity that the rules do not allow. The first byte chooses.
#include "common/base64url.hpp"
#include "common/jwt.hpp"
#include "common/strict_json.hpp"

#include <cstdlib>

using namespace custody::token;

namespace {

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

JwtRules make_rules(unsigned choice) {
    JwtRules rules;
    rules.issuer = "i";
    rules.user_path = {"sub"};
    rules.skew = choice % 2 * 30;
    if ((choice & 2) != 0) {
        rules.audience = {"a"};
    }
    if ((choice & 4) != 0) {
        rules.authorized_parties = {"p"};
    }
    rules.org_kind = static_cast<OrgKind>(1 + choice / 8 % 3);
    rules.org_path =
        (choice & 32) != 0 ? std::vector<std::string>{"o", "id"} : std::vector<std::string>{"org"};
    rules.role_path = {"role"};
    return rules;
}

void check_jwt(const Jwt &jwt, unsigned choice) {
    check_algorithm(jwt, choice % 2 == 0 ? Algorithm::rs256 : Algorithm::hs256);
    const JwtRules rules = make_rules(choice);
    const Identity identity = judge_jwt(jwt, rules, 1800000000);
    must(jwt.issuer == "i" && identity.expires > 1800000000 && is_utf8(identity.user) &&
         !identity.user.empty() && identity.user.find('\0') == std::string::npos);
    must(identity.orgs.size() <= 1 &&
         (identity.orgs.empty() ||
          canonical_org(identity.kind, identity.orgs[0]) == identity.orgs[0]));
    must(rules.audience.empty() || jwt.payload.contains("aud"));
    must(rules.authorized_parties.empty() || jwt.payload.at("azp") == "p");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char *>(bytes + 2), size - 2);
    const unsigned choice = bytes[1];
    try {
        if (bytes[0] % 3 == 0) {
            check_jwt(split_jwt(text), choice);
        } else if (bytes[0] % 3 == 1) {
            const std::string header =
                choice % 2 == 0 ? R"({"alg":"RS256"})" : R"({"alg":"HS256"})";
            const std::string token = encode_base64url(header) + '.' + encode_base64url(text) + '.';
            check_jwt(split_jwt(token), choice);
        } else {
            const nlohmann::json value = parse_object(text);
            must(parse_object(value.dump()) == value);
        }
    } catch (const Refused &) {
        return 0;
    }
    return 0;
}
