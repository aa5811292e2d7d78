#include "common/ledger_transaction.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace custody::ledger;

namespace {

const Hash kHash = custody::digest::sha256({});
const std::string kHashText(reinterpret_cast<const char *>(kHash.data()), kHash.size());

std::string orgs_of(std::initializer_list<std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) {
        std::string one(org_tree_bytes(name.size()), '\0');
        put_org_tree(reinterpret_cast<std::byte *>(one.data()), {bytes_of(name), 7, kHash});
        text += one;
    }
    return text;
}

TEST(LedgerTransaction, OrgsAscend) {
    EXPECT_EQ(orgs_number({}), 0U);
    EXPECT_EQ(orgs_number(bytes_of(orgs_of({""}))), 1U);
    EXPECT_EQ(orgs_number(bytes_of(orgs_of({"", "a", "ab", "b"}))), 4U);
    EXPECT_FALSE(orgs_number(bytes_of(orgs_of({"b", "a"}))));
    EXPECT_FALSE(orgs_number(bytes_of(orgs_of({"", ""}))));
    EXPECT_FALSE(orgs_number(bytes_of(orgs_of({"ab", "a"}))));
}

TEST(LedgerTransaction, OrgsAreReadAsTheyWereWritten) {
    const std::string text = orgs_of({"tx"});
    EXPECT_EQ(text, std::string("\0\0\0\2tx\0\0\0\7", 10) + kHashText);
    OrgReader reader(bytes_of(text));
    OrgTree tree;
    ASSERT_TRUE(reader.next(tree));
    EXPECT_EQ(tree.org.size(), 2U);
    EXPECT_EQ(tree.events, 7U);
    EXPECT_EQ(tree.tree, kHash);
    EXPECT_TRUE(reader.complete());
    for (std::size_t size = 1; size < text.size(); ++size) {
        EXPECT_FALSE(orgs_number(bytes_of(text).first(size))) << size;
    }
}

std::string part(std::string_view text) {
    return '\1' + std::string(16, 's') + std::string("\0\0\0", 3) + static_cast<char>(text.size()) +
           std::string(text);
}

bool complete(const std::string &text) {
    ContextReader reader(bytes_of(text));
    for (std::array<ContextPart, kContextParts> parts; reader.next(parts);) {
    }
    return reader.complete();
}

TEST(LedgerTransaction, AnErasedPartCommitsToWhatItWas) {
    const std::string whole = std::string("\0\1", 2) + part("who") + part("") + part("claims");
    ContextReader reader(bytes_of(whole));
    std::array<ContextPart, kContextParts> parts;
    ASSERT_TRUE(reader.next(parts));
    EXPECT_TRUE(reader.complete());
    const Hash commitment = context_of(parts);
    const std::string hash(reinterpret_cast<const char *>(parts[2].commitment.data()), 32);

    const std::string erased =
        std::string("\0\1", 2) + part("who") + part("") + std::string(1, '\0') + hash;
    ContextReader again(bytes_of(erased));
    ASSERT_TRUE(again.next(parts));
    EXPECT_TRUE(again.complete());
    EXPECT_TRUE(parts[2].erased);
    EXPECT_EQ(context_of(parts), commitment);
    for (const std::string &text : {whole, erased}) {
        for (std::size_t size = 0; size < text.size(); ++size) {
            EXPECT_FALSE(complete(text.substr(0, size))) << size;
        }
        EXPECT_FALSE(complete(text + "x"));
    }
    EXPECT_FALSE(complete(std::string("\0\1\2", 3) + std::string(200, '\0')));
    EXPECT_TRUE(complete(std::string("\0\0", 2)));
}

TEST(LedgerTransaction, FieldsMayBeUnknown) {
    const std::string text("\0\3\xff\xff\xff\xff\0\0\0\0\0\0\0\2ab", 16);
    FieldReader reader(bytes_of(text));
    std::optional<std::string_view> field;
    EXPECT_EQ(reader.count(), 3);
    ASSERT_TRUE(reader.next(field));
    EXPECT_FALSE(field);
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field, "");
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field, "ab");
    EXPECT_TRUE(reader.complete());
    const std::string negative("\0\1\xff\xff\xff\xfe", 6);
    FieldReader wrong(bytes_of(negative));
    EXPECT_FALSE(wrong.next(field));
    EXPECT_FALSE(wrong.complete());
}

} // namespace
