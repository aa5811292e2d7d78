// Reading and writing of JSON in one place.
#include <gtest/gtest.h>

#include "loader/core/json.hpp"

namespace custody {
namespace {

TEST(Json, WhatIsNoneIsRefusedOrDiscarded) {
    EXPECT_EQ(parse_json(R"({"a": [1, null]})")["a"][0], 1);
    for (const char *text : {"", "{", "{} {}", "{\"a\": \"\xff\"}"}) {
        EXPECT_THROW(parse_json(text), nlohmann::json::parse_error) << text;
        EXPECT_TRUE(try_json(text).is_discarded()) << text;
    }
    EXPECT_FALSE(try_json("null").is_discarded());
}

TEST(Json, WhatIsNoTextIsReplaced) {
    EXPECT_EQ(json_line({{"name", "caf\xe9"}}), "{\"name\":\"caf\uFFFD\"}");
    EXPECT_EQ(json_document(nlohmann::json{{"b", "\xe9"}, {"a", 1}}),
              "{\n  \"a\": 1,\n  \"b\": \"\uFFFD\"\n}\n");
    EXPECT_EQ(json_document(nlohmann::ordered_json{{"b", "\xe9"}, {"a", 1}}),
              "{\n  \"b\": \"\uFFFD\",\n  \"a\": 1\n}\n");
}

} // namespace
} // namespace custody
