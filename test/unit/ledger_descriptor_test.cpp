#include "common/ledger_descriptor.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace custody::ledger;

namespace {

const std::string kText = R"({"table": "6f1c", "schema": "app", "name": "call", "version": 3,
 "form": "text", "columns": [
  {"name": "id", "type": "bigint", "store": "value"},
  {"name": "org", "type": "uuid", "store": "value"},
  {"name": "note", "type": "text", "store": "hash"},
  {"name": "sum", "type": "int4", "store": "redact", "generated": true}],
 "key": [1, 0], "org": 1, "excluded": ["blob"]})";

std::string with(const std::string &from, const std::string &to) {
    std::string text = kText;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(LedgerDescriptor, IsRead) {
    const Descriptor read = parse_descriptor(kText);
    EXPECT_EQ(read.table, "6f1c");
    EXPECT_EQ(read.version, 3U);
    EXPECT_EQ(read.form, custody::wire::Form::text);
    ASSERT_EQ(read.columns.size(), 4U);
    EXPECT_EQ(read.columns[2].store, Store::hash);
    EXPECT_FALSE(read.columns[2].generated);
    EXPECT_TRUE(read.columns[3].generated);
    EXPECT_EQ(read.key, (std::vector<std::uint16_t>{1, 0}));
    EXPECT_EQ(read.org, 1);
    EXPECT_EQ(read.excluded, std::vector<std::string>{"blob"});
}

TEST(LedgerDescriptor, OfNoTable) {
    EXPECT_TRUE(parse_descriptor("{}").table.empty());
    EXPECT_TRUE(parse_descriptor("{}").columns.empty());
}

TEST(LedgerDescriptor, WhatIsMalformedIsRefused) {
    for (const auto &[from, to] :
         {std::pair("\"org\": 1", "\"org\": 4"), std::pair("[1, 0]", "[1, -1]"),
          std::pair("[1, 0]", "1"), std::pair("\"hash\"", "\"hush\""),
          std::pair("\"text\"", "\"texts\""), std::pair("\"version\": 3", "\"version\": \"3\""),
          std::pair("\"org\": 1,", ""), std::pair("\"blob\"", "1")}) {
        EXPECT_THROW(parse_descriptor(with(from, to)), DescriptorError) << to;
    }
    EXPECT_THROW(parse_descriptor("[]"), DescriptorError);
    EXPECT_THROW(parse_descriptor(""), DescriptorError);
    EXPECT_THROW(parse_descriptor(kText + std::string("\0{", 2)), DescriptorError);
    EXPECT_THROW(parse_descriptor(kText + "x"), DescriptorError);
    EXPECT_THROW(parse_descriptor("\xef\xbb\xbf" + kText), DescriptorError);
    EXPECT_THROW(parse_descriptor("{\"table\": \"a\", \"table\": \"b\"}"), DescriptorError);
}

} // namespace
