// Everything is qualified or is a keyword that no search_path can redirect. Byte strings are
// written as E'\\x..', which every standard_conforming_strings reads alike. A subquery with OFFSET
// 0 is not pulled up: what it computes is computed once, and parallel plans still take it.
#include "common/sql_profile.hpp"

#include <algorithm>
#include <array>

#include "common/sql_value.hpp"

namespace custody::digest {

namespace {

using sql::bytes;
using sql::call;
using sql::hex_of;
using wire::Form;
using wire::Kind;

/// A column in the subquery over the table and above it: where the length is always the same, the
/// subquery already makes the field.
struct Field {
    std::string below;
    std::string above;
};

constexpr std::string_view kNullField = "E'\\\\xffffffff'::pg_catalog.bytea";

std::string column_name(std::size_t position) { return "c" + std::to_string(position); }

std::string or_null_field(std::string_view length, std::string_view value) {
    return "COALESCE(" + call("byteacat", {length, value}) + "," + std::string(kNullField) + ")";
}

Field field_of(const SqlColumn &column, wire::Form form, std::size_t position) {
    const std::string name = "v." + column_name(position);
    const sql::Bytes value = sql::bytes_of(column, form);
    if (value.length != 0) {
        return {or_null_field(bytes(hex_of(value.length, 8)), value.expression), name};
    }
    const std::string length = call("int4send", {call("octet_length", {name})});
    return {value.expression, or_null_field(length, name)};
}

/// Concatenation as a balanced tree: neither deep for a thousand columns nor quadratic in their
/// bytes.
std::string concatenated(std::span<const std::string> parts) {
    if (parts.size() == 1) {
        return parts.front();
    }
    const std::size_t half = parts.size() / 2;
    return call("byteacat", {concatenated(parts.first(half)), concatenated(parts.subspan(half))});
}

std::string wire_row(const std::vector<std::string> &fields) {
    const std::string count = bytes(hex_of(fields.size(), 4));
    return fields.empty() ? count : call("byteacat", {count, concatenated(fields)});
}

bool converts(const SqlQuery &query) {
    return std::ranges::any_of(
        query.columns, [&](const SqlColumn &column) { return sql::converts(column, query.form); });
}

/// WHERE with the condition. A send function that converts to client_encoding would not do so in a
/// parallel worker; pg_my_temp_schema() may not be called in one, and is never NULL.
std::string where(const SqlQuery &query) {
    std::string text;
    if (!query.condition.empty()) {
        text += " WHERE (" + query.condition + "\n)";
    }
    if (converts(query)) {
        text += text.empty() ? " WHERE " : " AND ";
        text += "pg_catalog.pg_my_temp_schema() IS NOT NULL";
    }
    return text;
}

bool is_key(const SqlQuery &query, const SqlColumn &column) {
    return std::ranges::find(query.key, column.name) != query.key.end();
}

/// SELECT of row_hash and key_hash for each row of `from`, which is empty where the subquery is
/// lateral to the table.
std::string hashes(const SqlQuery &query, std::string_view from) {
    std::string below;
    std::vector<std::string> row;
    std::vector<std::string> key;
    for (std::size_t i = 0; i < query.columns.size(); ++i) {
        const Field field = field_of(query.columns[i], query.form, i);
        below += (i == 0 ? " " : ",\n  ") + field.below + " AS " + column_name(i);
        row.push_back(field.above);
        if (is_key(query, query.columns[i])) {
            key.push_back(field.above);
        }
    }
    if (key.size() != query.key.size()) {
        throw DigestError("key has a column that is not there or is there twice");
    }
    std::string text = "SELECT " + call("sha256", {wire_row(row)}) + " AS row_hash";
    if (!query.key.empty()) {
        text += ", " + call("sha256", {wire_row(key)}) + " AS key_hash";
    }
    text += "\n FROM (SELECT" + below;
    text += from;
    return text += " OFFSET '0') AS v OFFSET '0'";
}

std::string bucket_number(const SqlQuery &query) {
    const std::string hash = query.key.empty() ? "r.row_hash" : "r.key_hash";
    const std::string high = call("int4mul", {call("get_byte", {hash, "30"}), "256"});
    const std::string number = call("int4pl", {high, call("get_byte", {hash, "31"})});
    return call("int4and", {number, std::to_string(query.buckets - 1)});
}

struct Setting {
    std::string_view name;
    std::string_view value;
    std::string_view also; // shown for the same thing
};

constexpr std::array<Setting, 10> kOutputSettings = {{
    {"DateStyle", "ISO, MDY", "ISO, MDY"},
    {"IntervalStyle", "postgres", "postgres"},
    {"TimeZone", "UTC", "UTC"},
    {"extra_float_digits", "3", "1"},
    {"bytea_output", "hex", "hex"},
    {"xmlbinary", "base64", "base64"},
    {"xmloption", "content", "content"},
    {"lc_monetary", "C", "C"},
    {"search_path", "", "\"\""},
    {"quote_all_identifiers", "off", "off"},
}};

/// A LIMIT that is none when the settings are right and fails otherwise: the one expression that is
/// evaluated before all rows and also where the planner knows that there are none, as it does
/// under row security without a policy. Nothing in it is immutable.
std::string guard(const SqlQuery &query, bool outputs) {
    std::string values = "('row_security','off','off')";
    if (converts(query)) {
        const std::string encoding = "CAST(" + std::string(sql::kEncoding) + " AS pg_catalog.text)";
        values += ",('client_encoding'," + encoding + ",'UTF8')";
    }
    for (const Setting &setting : kOutputSettings) {
        if (outputs) {
            values.append(",('").append(setting.name).append("','").append(setting.value);
            values.append("','").append(setting.also).append("')");
        }
    }
    return "\nLIMIT (SELECT CAST(pg_catalog.textcat('the digest would be another one; run first: ',"
           " pg_catalog.string_agg(pg_catalog.format('SET %s = %L', s.name, s.value), '; '))"
           " AS bigint)\n FROM (VALUES " +
           values +
           ") AS s(name, value, also)\n"
           " WHERE pg_catalog.current_setting(s.name) OPERATOR(pg_catalog.<>) s.value"
           " AND pg_catalog.current_setting(s.name) OPERATOR(pg_catalog.<>) s.also)";
}

/// Four lanes as 64 digits. The sums are of signed numbers and exact, so first their remainder,
/// then the signed number with the same bits.
constexpr std::string_view kSumHex =
    "(SELECT pg_catalog.string_agg(pg_catalog.lpad(pg_catalog.to_hex(CAST(CASE"
    " WHEN m.rest OPERATOR(pg_catalog.>=) 9223372036854775808"
    " THEN m.rest OPERATOR(pg_catalog.-) 18446744073709551616"
    " WHEN m.rest OPERATOR(pg_catalog.<) -9223372036854775808"
    " THEN m.rest OPERATOR(pg_catalog.+) 18446744073709551616"
    " ELSE m.rest END AS bigint)), 16, '0'), '' ORDER BY m.lane)\n"
    " FROM (SELECT u.lane, pg_catalog.mod(COALESCE(u.total, 0), 18446744073709551616) AS rest\n"
    "  FROM ROWS FROM (pg_catalog.unnest(ARRAY[a.l0, a.l1, a.l2, a.l3]))"
    " WITH ORDINALITY AS u(total, lane)) AS m)";

/// Everything of the digest's text but rows and sum.
std::string description(const SqlQuery &query) {
    std::vector<std::string_view> names;
    for (const SqlColumn &column : query.columns) {
        names.push_back(column.name);
    }
    DigestValue value;
    value.profile = Profile::sql;
    value.form = static_cast<std::uint8_t>(query.form);
    value.columns = columns_fingerprint(names);
    const std::string text = value.to_text();
    return text.substr(0, text.rfind(':', text.rfind(':') - 1) + 1);
}

/// `bucket`: the name to group by, with a comma behind it, or nothing.
std::string aggregate(const SqlQuery &query, bool by_bucket) {
    std::string lanes;
    for (int i = 0; i < 4; ++i) {
        const std::string lane =
            call("substring", {"h.bits", std::to_string(1 + 64 * i), "64"}) + "::bigint";
        lanes += ", " + call("sum", {lane}) + " AS l" + std::to_string(i);
    }
    const std::string bits = "CAST(" +
                             call("textcat", {"'x'", call("encode", {"r.row_hash", "'hex'"})}) +
                             " AS bit(256)) AS bits";
    return "SELECT " + std::string(by_bucket ? "a.bucket, " : "") + "pg_catalog.concat('" +
           description(query) + "', a.number, ':', " + std::string(kSumHex) + ") AS digest\n" +
           "FROM (SELECT " + (by_bucket ? "h.bucket, " : "") + "pg_catalog.count(*) AS number" +
           lanes + "\nFROM (SELECT " + (by_bucket ? bucket_number(query) + " AS bucket, " : "") +
           bits + "\nFROM (" + hashes(query, "\nFROM " + query.relation + where(query)) +
           ") AS r OFFSET '0') AS h" + (by_bucket ? " GROUP BY h.bucket" : "") + ") AS a" +
           guard(query, query.form == Form::text);
}

std::string key_texts(const SqlQuery &query) {
    std::string text;
    for (const std::string &name : query.key) {
        const auto column = std::ranges::find(query.columns, name, &SqlColumn::name);
        text += (text.empty() ? "ARRAY[" : ",") + sql::output_text(sql::value_of(*column));
    }
    return text.empty() ? "NULL::pg_catalog.text[]" : text + "]";
}

} // namespace

wire::Form sql_form(wire::Form form, std::span<const wire::TypeRule> rules) {
    const auto plain = [](const wire::TypeRule &rule) {
        return rule.is_raw() || rule.kind == Kind::float4 || rule.kind == Kind::float8;
    };
    return form == Form::binary && std::ranges::all_of(rules, plain) ? Form::binary : Form::text;
}

std::string digest_query(const SqlQuery &query) {
    SqlQuery without_key = query;
    without_key.key.clear();
    return aggregate(without_key, false);
}

std::string buckets_query(const SqlQuery &query) { return aggregate(query, true); }

std::string rows_query(const SqlQuery &query, std::span<const std::uint32_t> wanted,
                       std::string_view also) {
    std::string numbers;
    for (const std::uint32_t bucket : wanted) {
        numbers += (numbers.empty() ? "" : ",") + std::to_string(bucket);
    }
    // Names that a column of the table may not have: `also` and the condition see both.
    const std::string lateral =
        "SELECT " + bucket_number(query) + " AS custody_bucket, r.row_hash AS custody_row_hash, " +
        (query.key.empty() ? "r.row_hash" : "r.key_hash") + " AS custody_key_hash\nFROM (" +
        hashes(query, "") + ") AS r OFFSET '0'";
    std::string filter = where(query);
    filter += filter.empty() ? " WHERE " : " AND ";
    return "SELECT custody_h.custody_bucket AS bucket, " + key_texts(query) +
           " AS key, custody_h.custody_key_hash AS key_hash,"
           " custody_h.custody_row_hash AS row_hash" +
           std::string(also) + "\nFROM " + query.relation + ", LATERAL (" + lateral +
           ") AS custody_h" + filter + "custody_h.custody_bucket OPERATOR(pg_catalog.=) ANY ('{" +
           numbers + "}'::int[])" + guard(query, true);
}

} // namespace custody::digest
