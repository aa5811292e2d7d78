// Plain SQL that computes the sql profile (docs/wire-format.md) on any server from version 13 on,
// without the extension. Pure text; the extension and the loader give it what they read from the
// catalog. The settings that the digest or the completeness of its rows depends on (row_security
// off, client_encoding where a send function converts texts, in the text form those of output
// functions) are checked by the query itself: under others it fails with SQLSTATE 22P02 and the SET
// commands to run, instead of giving another digest. Correct under any search_path, and in any
// database encoding.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest_value.hpp"
#include "common/wire_row.hpp"

namespace custody::digest {

struct SqlColumn {
    std::string name;       // as it is
    std::string expression; // SQL of the value in terms of the table; empty = the quoted name
    std::string send;       // send function as quote_ident() writes schema and name, of the base
                            // type where it is a domain ("pg_catalog.int4send"); unused in the
                            // text form
    wire::TypeRule::Kind kind =
        wire::TypeRule::Kind::raw; // raw, float4 or float8 in the binary form
};

struct SqlQuery {
    std::string relation;           // as FROM takes it: quoted, with ONLY where that is meant
    std::vector<SqlColumn> columns; // in the order of the digest
    std::vector<std::string> key;   // among them; empty = the row hash picks the bucket
    wire::Form form = wire::Form::binary;
    std::string condition;     // SQL; empty = all rows
    std::uint32_t buckets = 1; // of the bucket queries
};

/// The form of a table in the sql profile: binary where every rule is raw or a float, otherwise
/// text, because plain SQL cannot rewrite the inside of a value at a bearable cost.
wire::Form sql_form(wire::Form form, std::span<const wire::TypeRule> rules);

/// One row, one column "digest": the digest's text form.
std::string digest_query(const SqlQuery &query);
/// bucket int, digest text: one row for each bucket that has rows. Like rows_query, throws
/// DigestError for a key that is not among the columns.
std::string buckets_query(const SqlQuery &query);
/// bucket int, key text[] (output functions; NULL where there is no key), key_hash bytea (of the
/// row where there is no key), row_hash bytea, of the rows in the wanted buckets. `also`: more
/// select list in terms of the table, beginning with a comma. It checks the settings of output
/// functions in either form.
std::string rows_query(const SqlQuery &query, std::span<const std::uint32_t> wanted,
                       std::string_view also = {});

} // namespace custody::digest
