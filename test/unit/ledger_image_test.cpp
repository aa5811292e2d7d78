#include "common/ledger_image.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace custody::ledger;

namespace {

const Hash kHash = custody::digest::sha256({});
const std::string kHashText(reinterpret_cast<const char *>(kHash.data()), kHash.size());

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) {
        text += static_cast<char>(value);
    }
    return text;
}

/// One value of every form, as positions 0 to 5 of a full image.
std::string every_form() {
    return bytes({1, 0, 6, 0, 0, 0, 2}) + "ab" + bytes({0, 0, 0, 0}) + std::string(4, '\xff') +
           bytes({0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfd}) + kHashText +
           bytes({0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 1, 0, 0, 0, 0}) + kHashText;
}

std::vector<ImageValue> values_of(const std::string &image) {
    ImageReader reader(bytes_of(image));
    std::vector<ImageValue> values;
    for (ImageValue value; reader.next(value);) {
        values.push_back(value);
    }
    EXPECT_TRUE(reader.complete());
    return values;
}

TEST(LedgerImage, WritesEveryForm) {
    std::byte image[256];
    std::byte *end = put_image_head(image, ImageKind::full, 6);
    end = put_value(end, bytes_of("ab"));
    end = put_value(end, {});
    end = put_null(end);
    end = put_redacted(end);
    end = put_hashed(end, kHash);
    end = put_too_large(end, 1ULL << 32, kHash);
    EXPECT_EQ(std::string(reinterpret_cast<char *>(image), static_cast<std::size_t>(end - image)),
              every_form());
}

TEST(LedgerImage, ReadsEveryForm) {
    const std::string image = every_form();
    const auto values = values_of(image);
    ASSERT_EQ(values.size(), 6U);
    const std::vector<std::int32_t> forms{
        0, 0, kValueNull, kValueRedacted, kValueHashed, kValueTooLarge};
    for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(values[i].position, i);
        EXPECT_EQ(values[i].form, forms[i]);
    }
    EXPECT_EQ(values[0].bytes.size(), 2U);
    EXPECT_EQ(values[4].hash, kHash);
    EXPECT_EQ(values[5].hash, kHash);
    EXPECT_EQ(values[5].length, 1ULL << 32);
}

TEST(LedgerImage, ReadsWhatChanged) {
    std::byte image[64];
    std::byte *end = put_image_head(image, ImageKind::changed, 2);
    end = put_value(put_position(end, 3), bytes_of("x"));
    end = put_null(put_position(end, 300));
    const std::string text(reinterpret_cast<char *>(image), static_cast<std::size_t>(end - image));
    const auto values = values_of(text);
    ASSERT_EQ(values.size(), 2U);
    EXPECT_EQ(values[0].position, 3);
    EXPECT_EQ(values[1].position, 300);
}

TEST(LedgerImage, PositionsAscend) {
    for (const int second : {3, 2}) {
        const std::string image =
            bytes({2, 0, 2, 0, 3, 0xff, 0xff, 0xff, 0xff, 0, second, 0xff, 0xff, 0xff, 0xff});
        EXPECT_FALSE(is_image(bytes_of(image)));
    }
}

TEST(LedgerImage, TextAndNone) {
    const ImageReader text(bytes_of("\3{}"));
    EXPECT_EQ(text.text(), "{}");
    EXPECT_TRUE(text.complete());
    EXPECT_TRUE(is_image(no_image()));
    EXPECT_FALSE(is_image(bytes_of(bytes({0, 0}))));
    EXPECT_FALSE(is_image({}));
    EXPECT_FALSE(is_image(bytes_of("\4")));
}

TEST(LedgerImage, NoPrefixAndNothingLonger) {
    const std::string image = every_form();
    for (std::size_t size = 0; size < image.size(); ++size) {
        EXPECT_FALSE(is_image(bytes_of(image).first(size))) << size;
    }
    EXPECT_FALSE(is_image(bytes_of(image + "x")));
    EXPECT_FALSE(is_image(bytes_of(bytes({1, 0, 1, 0xff, 0xff, 0xff, 0xfb})))); // form -5
}

} // namespace
