#include <gtest/gtest.h>

#include "common/base64url.hpp"
#include "common/form_text.hpp"
#include "common/jwks.hpp"
#include "common/key_lines.hpp"
#include "common/own_token.hpp"
#include "common/strict_json.hpp"

namespace custody::token {
namespace {

/// The cause for which reading is refused.
template <typename Read> std::string cause(const Read &read) {
    try {
        read();
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

TEST(Base64Url, HasOneTextForEachSequence) {
    std::string bytes;
    for (int length = 0; length < 40; ++length) {
        const std::string text = encode_base64url(bytes);
        EXPECT_EQ(decode_base64url(text), bytes);
        bytes += static_cast<char>(length * 37);
    }
    EXPECT_EQ(encode_base64url(std::string_view("\xFB\xFF\xBE")), "-_--");
    for (const char *bad :
         {"A", "AAAAA", "AA==", "AA=", "A A", "AB", "AAB", "+/+/", "A\n", "\x80\x80"}) {
        EXPECT_FALSE(decode_base64url(bad)) << bad;
    }
    std::array<std::byte, 2> small;
    EXPECT_FALSE(decode_base64url("AAAA", small));
    EXPECT_EQ(decode_base64url("AAA", small), 2U);
}

TEST(FormText, ReadsWhatLanguagesWrite) {
    FormReader fields("a=b+c%20d%2be&x_1=%C3%bc&empty=");
    ASSERT_TRUE(fields.next());
    EXPECT_EQ(fields.name(), "a");
    EXPECT_EQ(fields.value(), "b c d+e");
    ASSERT_TRUE(fields.next());
    EXPECT_EQ(fields.value(), "ü");
    ASSERT_TRUE(fields.next());
    EXPECT_EQ(fields.value(), "");
    EXPECT_FALSE(fields.next());
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all += static_cast<char>(i);
    }
    std::string text;
    append_pair(text, "all", all);
    FormReader back(text);
    ASSERT_TRUE(back.next());
    EXPECT_EQ(back.value(), all);
    for (const char *bad : {"", "a", "=b", "a=b&", "&a=b", "a=b&&c=d", "a=%", "a=%1", "a=%zz",
                            "a=\"", "a b=c", "a=b=c", "a=\xC3\xBC"}) {
        EXPECT_NE(cause([&] {
                      FormReader reader(bad);
                      while (reader.next()) {
                      }
                  }),
                  "")
            << bad;
    }
}

TEST(HmacKey, AsTheStandardHasIt) {
    // RFC 4231, test cases 2 and 6.
    const auto sign = [](std::string_view key, std::string_view text) {
        const auto value = HmacKey(std::as_bytes(std::span(key))).sign(text);
        return encode_base64url(value);
    };
    EXPECT_EQ(sign("Jefe", "what do ya want for nothing?"),
              "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    EXPECT_EQ(
        sign(std::string(131, '\xAA'), "Test Using Larger Than Block-Size Key - Hash Key First"),
        "YOQxWR7gtn8Niiaqy_W3f44LxiE3KMUUBUYEDw7jf1Q");
}

TEST(KeyLines, ShowNothingOfASecret) {
    std::array<FileKey, kMostFileKeys> keys;
    const std::string secret(43, 'A');
    EXPECT_EQ(
        read_key_lines("# one\n\n a HMAC-SHA256\t" + secret + "\r\nb HS256 text:" + secret, keys),
        2U);
    EXPECT_EQ(keys[0].name_text(), "a");
    EXPECT_EQ(keys[1].algorithm, Algorithm::hs256);
    for (const char *bad : {"", "# nothing\n", "a", "a HMAC-SHA256",
                            "a HMAC-SHA256 text:", "a! HMAC-SHA256 AAAA", "a RS256 AAAA"}) {
        EXPECT_NE(cause([&] { read_key_lines(bad, keys); }), "") << bad;
    }
    const std::string shown =
        cause([&] { read_key_lines("a HMAC-SHA256 hunter2hunter2hu\n", keys); });
    EXPECT_EQ(shown, "line 1: the secret is shorter than 32 bytes");
    std::string many;
    for (std::size_t i = 0; i <= kMostFileKeys; ++i) {
        many += "k" + std::to_string(i) + " HS256 " + secret + "\n";
    }
    EXPECT_EQ(cause([&] { read_key_lines(many, keys); }), "line 65: there are too many keys");
}

TEST(StrictJson, LeavesNoDoubt) {
    EXPECT_NO_THROW(parse_object(R"({"a":{"b":1},"b":[{"a":1},{"a":2}]})"));
    for (const char *bad :
         {"", "[]", "1", "{", "{\"a\":1}x", "{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"b\":2}}",
          "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}", "{\"a\":\"\xFF\"}", "{\"a\":1e999}", "{'a':1}",
          "{\"a\":\"\\ud800\"}", "{\"a\":1,}", "{/**/}"}) {
        EXPECT_THROW(parse_object(bad), Refused) << bad;
    }
    std::string deep(100000, '[');
    EXPECT_THROW(parse_object("{\"a\":" + deep), Refused);
    EXPECT_THROW(parse_object(std::string("{}\0{", 4)), Refused);
    EXPECT_THROW(parse_object("\xef\xbb\xbf{}"), Refused);
}

TEST(OwnToken, IsReadAsItIsWritten) {
    OwnPayload payload;
    payload.database = "01234567-89ab-8cde-8f01-23456789abcd";
    payload.issued = 1;
    payload.identity.user = "ann";
    payload.identity.kind = OrgKind::text;
    payload.identity.orgs = {"a&b=c", "d"};
    payload.identity.expires = 2;
    payload.nonce = "n";
    const std::string token = own_token(own_signed_text("k", payload), {});
    const OwnPayload back = read_own_payload(split_own_token(token).payload);
    EXPECT_EQ(back.identity.orgs, payload.identity.orgs);
    EXPECT_EQ(back.nonce, "n");
    payload.identity.expires = 1;
    EXPECT_THROW(own_signed_text("k", payload), Refused);
    EXPECT_THROW(own_signed_text("k.", payload), Refused);
}

TEST(Jwks, TakesWhatVerifies) {
    const std::string ed =
        R"("kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")";
    EXPECT_EQ(read_jwks("{\"keys\":[{\"kid\":\"a\"," + ed + "},{\"kid\":\"b\",\"use\":\"enc\"," +
                        ed + "},{\"kty\":\"EC\",\"crv\":\"P-521\",\"alg\":\"ES512\"}]}")
                  .size(),
              1U);
    for (
        const std::string &bad :
        {std::string("[]"), std::string("{\"keys\":{}}"), std::string("{\"keys\":[]}"),
         std::string("{\"keys\":[1]}"), "{\"keys\":[{" + ed + "},{" + ed + "}]}",
         "{\"keys\":[{" + ed + ",\"d\":\"AA\"}]}",
         std::string(R"({"keys":[{"kty":"oct","k":"AAAA"}]})"),
         std::string(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]})"),
         std::string(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"),
         std::string(
             R"({"keys":[{"kty":"EC","crv":"P-256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","y":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})")}) {
        EXPECT_THROW(read_jwks(bad), KeyError) << bad;
    }
}

TEST(PublicKey, PrivateOnesAreNotTaken) {
    const auto key = Ed25519PrivateKey::generate();
    EXPECT_THROW(PublicKey::parse(key.pem()), KeyError);
    const auto half = key.public_key();
    const std::string signature = key.sign("text");
    EXPECT_TRUE(half.verify("text", std::as_bytes(std::span(signature))));
    EXPECT_FALSE(half.verify("texT", std::as_bytes(std::span(signature))));
    EXPECT_EQ(PublicKey::parse(half.der()).der(), half.der());
    EXPECT_THROW(PublicKey::parse(half.der() + "x"), KeyError);
}

} // namespace
} // namespace custody::token
