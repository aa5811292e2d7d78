// Text for people: what fits where, and numbers as they are said.
// Names come from databases that others wrote: nothing of them reaches a terminal as a command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace custody::ui {

/// One line, safe to print: control characters and invalid UTF-8 as \n, \t or \xHH, characters that
/// turn the direction of writing or have no width as \u{202e}.
std::string printable(std::string_view text);

/// Columns a terminal needs for printable UTF-8; wide characters count two.
std::size_t display_width(std::string_view text);

/// The same for text with escape sequences for colors, which take no room.
std::size_t visible_width(std::string_view text);

/// Cut or filled with blanks to exactly `width` columns; a cut ends in an ellipsis.
std::string fitted(std::string_view text, std::size_t width);

/// Broken at blanks so that no line has more than `width` columns, but for words that are longer;
/// the first line begins in column `indent`, and the others with as many blanks.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// "812 bytes", "64 kB", "245 MB", "1.2 GB": units of 1024 as pg_size_pretty has them.
std::string size_text(std::int64_t bytes);
/// "1,234,567"
std::string count_text(std::int64_t number);
/// "950", "12.3k", "4.56M"
std::string short_count(std::int64_t number);
/// "0.4 s", "12.3 s", "2:05", "1:02:03"
std::string duration_text(double seconds);

} // namespace custody::ui
