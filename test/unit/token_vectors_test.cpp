// Tokens that the openssl program made (test/vectors/tokens.sh), judged as a database would judge
// them in the second for which they were made.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/base64url.hpp"
#include "common/jwt.hpp"
#include "common/key_lines.hpp"
#include "common/own_token.hpp"

namespace custody::token {
namespace {

constexpr std::int64_t kNow = 1800000000;
constexpr std::string_view kDatabase = "01234567-89ab-8cde-8f01-23456789abcd";

struct Vector {
    std::string name, key, verdict, token;
};

std::vector<Vector> vectors() {
    std::ifstream file(CUSTODY_SOURCE_DIR "/test/vectors/tokens.tsv");
    std::vector<Vector> all;
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        Vector one;
        std::getline(fields, one.name, '\t');
        std::getline(fields, one.key, '\t');
        std::getline(fields, one.verdict, '\t');
        std::getline(fields, one.token, '\t');
        all.push_back(one);
    }
    return all;
}

/// A key of the file: "HS256 SECRET", or a public one.
class AnyKey {
  public:
    explicit AnyKey(const std::string &text) {
        if (text.find(' ') != std::string::npos) {
            EXPECT_EQ(read_key_lines("one " + text, secret_), 1U);
            return;
        }
        std::string pem = text.size() == 43 ? text : "-----BEGIN PUBLIC KEY-----\n";
        for (std::size_t i = 0; text.size() != 43 && i < text.size(); i += 64) {
            pem += text.substr(i, 64) + '\n';
        }
        pem += text.size() == 43 ? "" : "-----END PUBLIC KEY-----\n";
        public_ = PublicKey::parse(pem);
    }

    Algorithm algorithm() const { return public_ ? public_->algorithm() : secret_[0].algorithm; }
    void check(std::string_view text, std::string_view signature) const {
        const auto bytes = decode_base64url(signature);
        if (!bytes) {
            throw Refused("the signature is no base64url");
        }
        const auto span = std::as_bytes(std::span(*bytes));
        if (!(public_ ? public_->verify(text, span) : secret_[0].key.verify(text, span))) {
            throw Refused("the signature is wrong");
        }
    }

  private:
    std::optional<PublicKey> public_;
    std::array<FileKey, 1> secret_;
};

JwtRules rules() {
    JwtRules rules;
    rules.issuer = "https://issuer.example";
    rules.audience = {"app2", "api"};
    rules.authorized_parties = {"web"};
    rules.org_kind = OrgKind::uuid;
    rules.org_path = {"app_metadata", "org"};
    rules.user_path = {"sub"};
    rules.skew = 30;
    return rules;
}

Identity judge(const Vector &vector) {
    const AnyKey key(vector.key);
    if (is_own_token(vector.token)) {
        const OwnToken parts = split_own_token(vector.token);
        key.check(parts.signed_text, parts.signature);
        OwnPayload payload = read_own_payload(parts.payload);
        check_own_payload(payload, kDatabase, kNow);
        return payload.identity;
    }
    const Jwt jwt = split_jwt(vector.token);
    check_algorithm(jwt, key.algorithm());
    key.check(jwt.signed_text, jwt.signature);
    return judge_jwt(jwt, rules(), kNow);
}

TEST(TokenVectors, AreJudgedAsTheySay) {
    std::size_t good = 0;
    const auto all = vectors();
    for (const Vector &vector : all) {
        if (vector.verdict == "good") {
            ++good;
            EXPECT_NO_THROW(EXPECT_EQ(judge(vector).user, "ann")) << vector.name;
        } else {
            EXPECT_THROW(judge(vector), Refused) << vector.name;
        }
    }
    EXPECT_EQ(good, 11U);
    EXPECT_EQ(all.size(), 35U);
}

TEST(TokenVectors, SayWhoEnters) {
    for (const Vector &vector : vectors()) {
        if (vector.name == "own-text") {
            EXPECT_EQ(judge(vector).orgs, std::vector<std::string>{"Zürich & S"});
        } else if (vector.name == "own-orgs") {
            EXPECT_EQ(judge(vector).orgs.size(), 2U);
        } else if (vector.name == "own-user") {
            EXPECT_EQ(judge(vector).kind, OrgKind::none);
        } else if (vector.name == "own-all") {
            EXPECT_EQ(judge(vector).role, "editor");
            EXPECT_EQ(judge(vector).claims, "{\"a\":[1]}");
        } else if (vector.name == "jwt-rs256") {
            EXPECT_EQ(judge(vector).expires, 1800000330);
            EXPECT_EQ(judge(vector).orgs,
                      std::vector<std::string>{"aaaaaaaa-0000-4000-8000-000000000001"});
        }
    }
}

} // namespace
} // namespace custody::token
