// Integers as the wire has them (big-endian), and the canonical NaN. All inline and noexcept.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace custody::wire {

template <typename T> inline T swap_to_big(T value) noexcept {
    if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
    } else if constexpr (sizeof(T) == 4) {
        return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
    } else {
        return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    }
}

template <typename T> inline T get_big(const std::byte *in) noexcept {
    T value;
    std::memcpy(&value, in, sizeof(T));
    return swap_to_big(value);
}

template <typename T> inline void put_big(std::byte *out, T value) noexcept {
    value = swap_to_big(value);
    std::memcpy(out, &value, sizeof(T));
}

inline std::int16_t get_i16(const std::byte *in) noexcept { return get_big<std::int16_t>(in); }
inline std::int32_t get_i32(const std::byte *in) noexcept { return get_big<std::int32_t>(in); }
inline void put_u16(std::byte *out, std::uint16_t value) noexcept { put_big(out, value); }
inline void put_u32(std::byte *out, std::uint32_t value) noexcept { put_big(out, value); }

/// Any NaN, of either sign and with any payload, becomes 7fc00000; other values stay.
inline void canonical_float4(std::byte *value) noexcept {
    if ((get_big<std::uint32_t>(value) & 0x7FFFFFFFU) > 0x7F800000U) {
        put_u32(value, 0x7FC00000U);
    }
}

/// Any NaN becomes 7ff8000000000000; other values stay.
inline void canonical_float8(std::byte *value) noexcept {
    if ((get_big<std::uint64_t>(value) & 0x7FFFFFFFFFFFFFFFULL) > 0x7FF0000000000000ULL) {
        put_big<std::uint64_t>(value, 0x7FF8000000000000ULL);
    }
}

} // namespace custody::wire
