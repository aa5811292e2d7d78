#include "common/ledger_image.hpp"

#include <cstring>

#include "common/big_endian.hpp"

namespace custody::ledger {

namespace {

std::byte *put_length(std::byte *out, std::int32_t length) noexcept {
    wire::put_big(out, length);
    return out + kImageLength;
}

std::byte *put_bytes(std::byte *out, Bytes bytes) noexcept {
    if (!bytes.empty()) { // an empty span may have no address
        std::memcpy(out, bytes.data(), bytes.size());
    }
    return out + bytes.size();
}

} // namespace

std::byte *put_image_head(std::byte *out, ImageKind kind, std::uint16_t columns) noexcept {
    *out = static_cast<std::byte>(kind);
    wire::put_u16(out + 1, columns);
    return out + kImageHead;
}

std::byte *put_position(std::byte *out, std::uint16_t position) noexcept {
    wire::put_u16(out, position);
    return out + kImagePosition;
}

std::byte *put_null(std::byte *out) noexcept { return put_length(out, kValueNull); }

std::byte *put_redacted(std::byte *out) noexcept { return put_length(out, kValueRedacted); }

std::byte *put_value(std::byte *out, Bytes value) noexcept {
    return put_bytes(put_length(out, static_cast<std::int32_t>(value.size())), value);
}

std::byte *put_hashed(std::byte *out, const Hash &hash) noexcept {
    return put_bytes(put_length(out, kValueHashed), hash);
}

std::byte *put_too_large(std::byte *out, std::uint64_t length, const Hash &hash) noexcept {
    out = put_length(out, kValueTooLarge);
    wire::put_big(out, length);
    return put_bytes(out + sizeof(length), hash);
}

ImageReader::ImageReader(Bytes image) noexcept : rest_(image) {
    const std::byte *head;
    if (!take(1, head) || std::to_integer<unsigned>(*head) > 3) {
        return;
    }
    const auto kind = static_cast<ImageKind>(*head);
    if (kind == ImageKind::full || kind == ImageKind::changed) {
        if (!take(2, head)) {
            return;
        }
        columns_ = wire::get_big<std::uint16_t>(head);
    }
    kind_ = kind;
    good_ = true;
}

bool ImageReader::take(std::size_t size, const std::byte *&bytes) noexcept {
    if (rest_.size() < size) {
        good_ = false;
        return false;
    }
    bytes = rest_.data();
    rest_ = rest_.subspan(size);
    return true;
}

std::string_view ImageReader::text() const noexcept {
    if (kind_ != ImageKind::text) {
        return {};
    }
    return {reinterpret_cast<const char *>(rest_.data()), rest_.size()};
}

bool ImageReader::next(ImageValue &value) noexcept {
    if (!good_ || read_ == columns_) {
        return false;
    }
    value.position = read_;
    if (kind_ == ImageKind::changed) {
        const std::byte *position;
        if (!take(kImagePosition, position)) {
            return false;
        }
        value.position = wire::get_big<std::uint16_t>(position);
        good_ = value.position > last_position_;
        last_position_ = value.position;
    }
    ++read_;
    return good_ && read_value(value);
}

bool ImageReader::read_value(ImageValue &value) noexcept {
    const std::byte *bytes;
    if (!take(kImageLength, bytes)) {
        return false;
    }
    const std::int32_t length = wire::get_i32(bytes);
    value.form = length < 0 ? length : 0;
    value.bytes = {};
    value.length = 0;
    if (length >= 0) {
        if (!take(static_cast<std::size_t>(length), bytes)) {
            return false;
        }
        value.bytes = Bytes(bytes, static_cast<std::size_t>(length));
    } else if (length < kValueTooLarge) {
        good_ = false;
    } else if (length <= kValueHashed) {
        const std::size_t before = length == kValueTooLarge ? sizeof(value.length) : 0;
        if (!take(before + value.hash.size(), bytes)) {
            return false;
        }
        value.length = before != 0 ? wire::get_big<std::uint64_t>(bytes) : 0;
        std::memcpy(value.hash.data(), bytes + before, value.hash.size());
    }
    return good_;
}

bool ImageReader::complete() const noexcept {
    return good_ && read_ == columns_ && (kind_ == ImageKind::text || rest_.empty());
}

bool is_image(Bytes image) noexcept {
    ImageReader reader(image);
    for (ImageValue value; reader.next(value);) {
    }
    return reader.complete();
}

} // namespace custody::ledger
