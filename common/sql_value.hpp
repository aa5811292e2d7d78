// SQL of one column's canonical bytes, for the queries of sql_profile. Pure text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/sql_profile.hpp"

namespace custody::digest::sql {

/// A call of a function of pg_catalog.
std::string call(std::string_view function, std::initializer_list<std::string_view> arguments);
/// A bytea literal.
std::string bytes(std::string_view hex);
std::string hex_of(std::uint64_t number, int digits);

/// The encoding that texts are wanted in, of type name: UTF8, or none where the database has none.
inline constexpr std::string_view kEncoding =
    "CASE WHEN pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) "
    "'SQL_ASCII'::pg_catalog.name THEN 'SQL_ASCII'::pg_catalog.name "
    "ELSE 'UTF8'::pg_catalog.name END";

/// The value in terms of the table.
std::string value_of(const SqlColumn &column);
/// What the value's output function returns, NULL for NULL.
std::string output_text(const std::string &value);

struct Bytes {
    std::string expression; // NULL for NULL
    unsigned length = 0;    // always this many; 0 = differs
};
/// What the column contributes to the wire row, without its length word.
Bytes bytes_of(const SqlColumn &column, wire::Form form);

/// Whether its send function may convert texts to client_encoding, which it does not do in a
/// parallel worker; for many send functions bytes_of() has another way to the same bytes.
bool converts(const SqlColumn &column, wire::Form form);

} // namespace custody::digest::sql
