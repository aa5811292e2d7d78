#include "common/row_name.hpp"

#include <gtest/gtest.h>

using namespace custody;
using namespace custody::ledger;

namespace {

std::string named(std::vector<std::string> types, std::string_view key,
                  wire::Form form = wire::Form::binary) {
    return row_name({"s.t", std::move(types), form},
                    {reinterpret_cast<const std::byte *>(key.data()), key.size()});
}

using namespace std::string_view_literals;

TEST(RowName, ValuesAsAPersonWritesThem) {
    EXPECT_EQ(named({"integer"}, "\0\1\0\0\0\4\xff\xff\xff\xfe"sv), "s.t -2");
    EXPECT_EQ(named({"bigint", "smallint"}, "\0\2\0\0\0\10\0\0\0\0\0\0\0\7\0\0\0\2\0\1"sv),
              "s.t 7 1");
    EXPECT_EQ(named({"text"}, "\0\1\0\0\0\7RX-1001"sv), "s.t RX-1001");
    EXPECT_EQ(named({"character varying(10)"}, "\0\1\0\0\0\2\xc3\xa4"sv), "s.t \xc3\xa4");
    EXPECT_EQ(named({"uuid"}, "\0\1\0\0\0\20\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20"sv),
              "s.t 01020304-0506-0708-090a-0b0c0d0e0f10");
    EXPECT_EQ(named({"regclass"}, "\0\1\0\0\0\3pg_"sv, wire::Form::text), "s.t pg_");
}

TEST(RowName, WhatIsNotToBePrinted) {
    EXPECT_EQ(named({"text"}, "\0\1\0\0\0\2\n\x1b"sv), "s.t 0a1b");
    EXPECT_EQ(named({"bytea"}, "\0\1\0\0\0\2ab"sv), "s.t 6162");
    EXPECT_EQ(named({"text"}, "\0\1\0\0\0\7RX"sv), "s.t 0001000000075258");
    EXPECT_EQ(named({}, ""sv), "s.t");
}

} // namespace
