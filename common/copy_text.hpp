// Reads a line of COPY TEXT (default delimiter and NULL mark) byte for byte as PostgreSQL's
// CopyReadAttributesText does. noexcept, no state; never reads behind the line.
#pragma once

#include <cstddef>

namespace custody::wire {

/// True when the field that starts at `at` is \N, the NULL mark.
bool text_is_null(const std::byte *at, const std::byte *end) noexcept;

enum class TextStop { delimiter, end_of_line, out_of_room };

/// Copies the field that starts (or goes on) at `at` to `out`, unescaped, which never makes it
/// longer. Moves `at` behind what was read, the delimiter included, and `out` behind what was
/// written. After out_of_room the caller makes room and calls again.
TextStop unescape_field(const std::byte *&at, const std::byte *end, std::byte *&out,
                        std::byte *out_end) noexcept;

} // namespace custody::wire
