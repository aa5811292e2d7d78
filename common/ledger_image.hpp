// Images of rows (docs/ledger-format.md, section 4): writing them value by value into memory of the
// caller, and reading them back. Nothing allocates or throws.
#pragma once

#include <cstdint>

#include "common/ledger_hash.hpp"

namespace custody::ledger {

enum class ImageKind : std::uint8_t { none = 0, full = 1, changed = 2, text = 3 };

/// What stands where a value's length stands, when it is none.
inline constexpr std::int32_t kValueNull = -1;
inline constexpr std::int32_t kValueRedacted = -2;
inline constexpr std::int32_t kValueHashed = -3;
inline constexpr std::int32_t kValueTooLarge = -4;

/// Bytes that each part takes.
inline constexpr std::size_t kImageHead = 3;     // kind and number of columns, of full and changed
inline constexpr std::size_t kImagePosition = 2; // before each value of `changed`
inline constexpr std::size_t kImageLength = 4;   // also all of NULL and of what is redacted
inline constexpr std::size_t kImageHashed = 4 + 32;
inline constexpr std::size_t kImageTooLarge = 4 + 8 + 32;

/// Each writes at `out`, where there is room, and returns what is behind it.
std::byte *put_image_head(std::byte *out, ImageKind kind, std::uint16_t columns) noexcept;
std::byte *put_position(std::byte *out, std::uint16_t position) noexcept;
std::byte *put_null(std::byte *out) noexcept;
std::byte *put_redacted(std::byte *out) noexcept;
std::byte *put_value(std::byte *out, Bytes value) noexcept;
/// The hashes are value_hash() under the salt of the images.
std::byte *put_hashed(std::byte *out, const Hash &hash) noexcept;
std::byte *put_too_large(std::byte *out, std::uint64_t length, const Hash &hash) noexcept;

struct ImageValue {
    std::uint16_t position;
    std::int32_t form; // 0 = `bytes`; or kValueNull, kValueRedacted, kValueHashed, kValueTooLarge
    Bytes bytes;
    std::uint64_t length; // of what is too large
    Hash hash;            // of what is hashed or too large
};

/// Goes through an image once, value by value.
///
///     ImageReader reader(image);
///     for (ImageValue value; reader.next(value);) ...
///     if (!reader.complete()) ... // malformed
class ImageReader {
  public:
    explicit ImageReader(Bytes image) noexcept;

    /// Of a malformed image `none`, and complete() is false.
    ImageKind kind() const noexcept { return kind_; }
    /// Number of values; 0 unless full or changed.
    std::uint16_t columns() const noexcept { return columns_; }
    /// JSON of an image of kind text.
    std::string_view text() const noexcept;
    /// False at the end, and where the image is malformed.
    bool next(ImageValue &value) noexcept;
    /// After the last value: the image was well formed, and nothing follows.
    bool complete() const noexcept;

  private:
    bool take(std::size_t size, const std::byte *&bytes) noexcept;
    bool read_value(ImageValue &value) noexcept;

    Bytes rest_;
    ImageKind kind_ = ImageKind::none;
    bool good_ = false;
    std::uint16_t columns_ = 0;
    std::uint16_t read_ = 0;
    std::int32_t last_position_ = -1;
};

/// The whole image is well formed.
bool is_image(Bytes image) noexcept;

} // namespace custody::ledger
