// The rewriting that makes the bytes of a value canonical, on a flat form of the type rules.
// Everything here is trivially destructible and noexcept, so that the extension's scan can use it
// while a server error may jump over it, and the loader while a row streams by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace custody::wire {

enum class Kind : std::uint8_t { raw, float4, float8, array, composite, range, multirange };

/// One node of a type's rule. The rules of a table lie in one array; the children of a node are
/// `count` consecutive nodes from position `first` of that array.
struct FlatRule {
    Kind kind = Kind::raw;
    bool is_raw = true; // at every depth
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// Rewrites one value in place by the rule at `rules[at]`; its length stays the same. Returns
/// nullptr, or what is wrong with the bytes (a constant text); then the value is half rewritten.
/// Never reads or writes outside the value, whatever its bytes.
const char *rewrite(const FlatRule *rules, std::uint32_t at, std::byte *value,
                    std::size_t length) noexcept;

} // namespace custody::wire
