#include "common/rewrite.hpp"

#include "common/big_endian.hpp"

namespace custody::wire {

namespace {

constexpr std::int32_t kMaxDimensions = 6;

/// What is left of a value, walked from its start.
struct Cursor {
    std::byte *at;
    std::size_t left;

    bool skip(std::size_t bytes) noexcept {
        if (left < bytes) {
            return false;
        }
        at += bytes;
        left -= bytes;
        return true;
    }
    bool read_i32(std::int32_t &value) noexcept {
        if (left < 4) {
            return false;
        }
        value = get_i32(at);
        return skip(4);
    }
};

constexpr const char *kTruncated = "value ends before its contents do";
constexpr const char *kTrailing = "value goes on after its contents";
constexpr const char *kBadLength = "length of a nested value is out of range";

/// A length and the value behind it.
const char *rewrite_element(const FlatRule *rules, std::uint32_t rule, Cursor &in,
                            bool &null) noexcept {
    std::int32_t length;
    if (!in.read_i32(length)) {
        return kTruncated;
    }
    null = length == -1;
    if (null) {
        return nullptr;
    }
    if (length < 0) {
        return kBadLength;
    }
    std::byte *value = in.at;
    if (!in.skip(static_cast<std::size_t>(length))) {
        return kTruncated;
    }
    return rules[rule].is_raw ? nullptr
                              : rewrite(rules, rule, value, static_cast<std::size_t>(length));
}

const char *rewrite_array(const FlatRule *rules, const FlatRule &rule, Cursor in) noexcept {
    std::int32_t dimensions;
    if (!in.read_i32(dimensions) || in.left < 8) {
        return kTruncated;
    }
    if (dimensions < 0 || dimensions > kMaxDimensions) {
        return "number of array dimensions is out of range";
    }
    std::byte *flags = in.at;
    put_u32(in.at + 4, 0); // the element type's OID
    in.skip(8);
    std::uint64_t elements = dimensions == 0 ? 0 : 1;
    for (std::int32_t i = 0; i < dimensions; ++i) {
        std::int32_t size;
        if (!in.read_i32(size) || !in.skip(4)) {
            return kTruncated;
        }
        if (size < 0) {
            return "array dimension is out of range";
        }
        elements *= static_cast<std::uint64_t>(size);
        if (elements > in.left) { // each element takes 4 bytes or more
            return "array has more elements than bytes";
        }
    }
    bool any_null = false;
    for (std::uint64_t i = 0; i < elements; ++i) {
        bool null = false;
        if (const char *error = rewrite_element(rules, rule.first, in, null)) {
            return error;
        }
        any_null |= null;
    }
    put_u32(flags, any_null ? 1 : 0);
    return in.left == 0 ? nullptr : kTrailing;
}

const char *rewrite_composite(const FlatRule *rules, const FlatRule &rule, Cursor in) noexcept {
    std::int32_t fields;
    if (!in.read_i32(fields)) {
        return kTruncated;
    }
    if (fields < 0 || static_cast<std::uint32_t>(fields) != rule.count) {
        return "composite value has another number of fields than its type";
    }
    for (std::uint32_t i = 0; i < rule.count; ++i) {
        if (in.left < 4) {
            return kTruncated;
        }
        put_u32(in.at, 0); // the field type's OID
        in.skip(4);
        bool null = false;
        if (const char *error = rewrite_element(rules, rule.first + i, in, null)) {
            return error;
        }
    }
    return in.left == 0 ? nullptr : kTrailing;
}

const char *rewrite_range(const FlatRule *rules, const FlatRule &rule, Cursor in) noexcept {
    constexpr unsigned kEmpty = 0x01;
    constexpr unsigned kNoLower = 0x08 | 0x20; // infinite, or marked NULL
    constexpr unsigned kNoUpper = 0x10 | 0x40;
    if (in.left < 1) {
        return kTruncated;
    }
    const unsigned flags = std::to_integer<unsigned>(*in.at);
    in.skip(1);
    const int bounds = (flags & kEmpty) != 0
                           ? 0
                           : ((flags & kNoLower) == 0 ? 1 : 0) + ((flags & kNoUpper) == 0 ? 1 : 0);
    for (int i = 0; i < bounds; ++i) {
        bool null = false;
        if (const char *error = rewrite_element(rules, rule.first, in, null)) {
            return error;
        }
        if (null) {
            return kBadLength;
        }
    }
    return in.left == 0 ? nullptr : kTrailing;
}

const char *rewrite_multirange(const FlatRule *rules, const FlatRule &rule, Cursor in) noexcept {
    std::int32_t ranges;
    if (!in.read_i32(ranges)) {
        return kTruncated;
    }
    if (ranges < 0) {
        return "number of ranges is out of range";
    }
    for (std::int32_t i = 0; i < ranges; ++i) {
        std::int32_t length;
        if (!in.read_i32(length)) {
            return kTruncated;
        }
        if (length < 0) {
            return kBadLength;
        }
        const Cursor range{in.at, static_cast<std::size_t>(length)};
        if (!in.skip(range.left)) {
            return kTruncated;
        }
        if (const char *error = rewrite_range(rules, rule, range)) {
            return error;
        }
    }
    return in.left == 0 ? nullptr : kTrailing;
}

} // namespace

const char *rewrite(const FlatRule *rules, std::uint32_t at, std::byte *value,
                    std::size_t length) noexcept {
    const FlatRule &rule = rules[at];
    if (rule.is_raw) {
        return nullptr;
    }
    const Cursor in{value, length};
    switch (rule.kind) {
    case Kind::raw:
        return nullptr;
    case Kind::float4:
        if (length != 4) {
            return "float4 value does not have 4 bytes";
        }
        canonical_float4(value);
        return nullptr;
    case Kind::float8:
        if (length != 8) {
            return "float8 value does not have 8 bytes";
        }
        canonical_float8(value);
        return nullptr;
    case Kind::array:
        return rewrite_array(rules, rule, in);
    case Kind::composite:
        return rewrite_composite(rules, rule, in);
    case Kind::range:
        return rewrite_range(rules, rule, in);
    case Kind::multirange:
        return rewrite_multirange(rules, rule, in);
    }
    return "type rule is not known";
}

} // namespace custody::wire
