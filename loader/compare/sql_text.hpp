// SQL that a server wrote with quote_all_identifiers: made readable, renamed, and brought to one
// form where servers write the same thing in two ways. Pure; text that is no SQL passes through.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace custody::compare {

/// Without the quotes that an identifier does not need.
std::string readable(std::string_view sql);

/// A name in double quotes where it needs them.
std::string readable_name(std::string_view name);

/// (schema, name) on the source to (schema, name) on the target.
using Renaming = std::function<std::pair<std::string, std::string>(const std::string &schema,
                                                                   const std::string &name)>;

/// Every schema.name as the target has it, also in strings that hold nothing else ('"a"."b"').
std::string renamed(std::string_view sql, const Renaming &renaming);

/// One form for what changes when a definition is dumped and loaded again, or with the version of
/// the server: an array cast as a whole, (ARRAY[a, b])::text[], becomes ARRAY[(a)::text,
/// (b)::text], and the type json has no quotes. The meaning is the same.
std::string canonical(std::string_view sql);

/// True when `newer`, written by PostgreSQL 16 or later, is `older` without the name of its only
/// table in front of columns: earlier servers always write that name in a view.
bool same_view(std::string_view older, std::string_view newer);

} // namespace custody::compare
