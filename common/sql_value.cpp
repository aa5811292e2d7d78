// Everything is qualified or is a keyword that no search_path can redirect. Byte strings are
// written as E'\\x..', which every standard_conforming_strings reads alike.
#include "common/sql_value.hpp"

#include <algorithm>
#include <array>

namespace custody::digest::sql {

namespace {

using wire::Form;
using wire::Kind;

/// How the bytes of a send function are had: by itself where it sends no texts, from the output
/// function's text where that is all it sends. Any other one may convert texts.
enum class Source { sent, text, output, version_and_output, converted };

struct SendFunction {
    std::string_view name;
    Source source;
    unsigned length; // always this many bytes; 0 = differs
};

constexpr std::array kSendFunctions = {
    SendFunction{"boolsend", Source::sent, 1},
    SendFunction{"charsend", Source::sent, 1},
    SendFunction{"int2send", Source::sent, 2},
    SendFunction{"int4send", Source::sent, 4},
    SendFunction{"int8send", Source::sent, 8},
    SendFunction{"float4send", Source::sent, 4},
    SendFunction{"float8send", Source::sent, 8},
    SendFunction{"oidsend", Source::sent, 4},
    SendFunction{"xidsend", Source::sent, 4},
    SendFunction{"xid8send", Source::sent, 8},
    SendFunction{"cidsend", Source::sent, 4},
    SendFunction{"tidsend", Source::sent, 6},
    SendFunction{"date_send", Source::sent, 4},
    SendFunction{"time_send", Source::sent, 8},
    SendFunction{"timetz_send", Source::sent, 12},
    SendFunction{"timestamp_send", Source::sent, 8},
    SendFunction{"timestamptz_send", Source::sent, 8},
    SendFunction{"interval_send", Source::sent, 16},
    SendFunction{"uuid_send", Source::sent, 16},
    SendFunction{"cash_send", Source::sent, 8},
    SendFunction{"pg_lsn_send", Source::sent, 8},
    SendFunction{"macaddr_send", Source::sent, 6},
    SendFunction{"macaddr8_send", Source::sent, 8},
    SendFunction{"point_send", Source::sent, 16},
    SendFunction{"lseg_send", Source::sent, 32},
    SendFunction{"box_send", Source::sent, 32},
    SendFunction{"line_send", Source::sent, 24},
    SendFunction{"circle_send", Source::sent, 24},
    SendFunction{"path_send", Source::sent, 0},
    SendFunction{"poly_send", Source::sent, 0},
    SendFunction{"byteasend", Source::sent, 0},
    SendFunction{"numeric_send", Source::sent, 0},
    SendFunction{"inet_send", Source::sent, 0},
    SendFunction{"cidr_send", Source::sent, 0},
    SendFunction{"bit_send", Source::sent, 0},
    SendFunction{"varbit_send", Source::sent, 0},
    SendFunction{"int2vectorsend", Source::sent, 0},
    SendFunction{"oidvectorsend", Source::sent, 0},
    SendFunction{"pg_snapshot_send", Source::sent, 0},
    SendFunction{"txid_snapshot_send", Source::sent, 0},
    SendFunction{"textsend", Source::text, 0},
    SendFunction{"varcharsend", Source::text, 0},
    SendFunction{"bpcharsend", Source::output, 0},
    SendFunction{"namesend", Source::output, 0},
    SendFunction{"enum_send", Source::output, 0},
    SendFunction{"json_send", Source::output, 0},
    SendFunction{"jsonb_send", Source::version_and_output, 0},
    SendFunction{"jsonpath_send", Source::version_and_output, 0},
};

SendFunction find_send(std::string_view qualified) {
    constexpr std::string_view kSchema = "pg_catalog.";
    if (qualified.starts_with(kSchema)) {
        const auto found = std::ranges::find(kSendFunctions, qualified.substr(kSchema.size()),
                                             &SendFunction::name);
        if (found != kSendFunctions.end()) {
            return *found;
        }
    }
    return {qualified, Source::converted, 0};
}

std::string quoted(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) {
        text.append(c == '"' ? 2 : 1, c);
    }
    return text += '"';
}

std::string output_bytes(const std::string &value) {
    return call("convert_to", {output_text(value), kEncoding});
}

std::string sent_bytes(const SqlColumn &column, const SendFunction &send) {
    const std::string value = value_of(column);
    switch (send.source) {
    case Source::text:
        return call("convert_to", {"CAST(" + value + " AS pg_catalog.text)", kEncoding});
    case Source::output:
        return output_bytes(value);
    case Source::version_and_output:
        return call("byteacat", {bytes("01"), output_bytes(value)});
    default:
        break;
    }
    const std::string sent = column.send + "(" + value + ")";
    if (column.kind != Kind::float4 && column.kind != Kind::float8) {
        return sent;
    }
    const bool is_double = column.kind == Kind::float8;
    return "CASE WHEN " + value +
           " OPERATOR(pg_catalog.=) 'NaN'::" + (is_double ? "double precision" : "real") +
           " THEN " + bytes(is_double ? "7ff8000000000000" : "7fc00000") + " ELSE " + sent + " END";
}

} // namespace

std::string call(std::string_view function, std::initializer_list<std::string_view> arguments) {
    std::string text = "pg_catalog.";
    text += function;
    for (char before = '('; const std::string_view argument : arguments) {
        text += before;
        text += argument;
        before = ',';
    }
    return text += ')';
}

std::string bytes(std::string_view hex) {
    return "E'\\\\x" + std::string(hex) + "'::pg_catalog.bytea";
}

std::string hex_of(std::uint64_t number, int digits) {
    std::string text;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        text += "0123456789abcdef"[(number >> shift) & 0xF];
    }
    return text;
}

std::string value_of(const SqlColumn &column) {
    return column.expression.empty() ? quoted(column.name) : "(" + column.expression + ")";
}

std::string output_text(const std::string &value) {
    // IS NULL would not do: it is also true for a composite value whose fields are all NULL.
    return "CASE WHEN " + call("num_nulls", {value}) + " OPERATOR(pg_catalog.=) 0 THEN " +
           call("format", {"'%s'", value}) + " END";
}

Bytes bytes_of(const SqlColumn &column, Form form) {
    if (form == Form::text) {
        return {output_bytes(value_of(column)), 0};
    }
    const SendFunction send = find_send(column.send);
    return {sent_bytes(column, send), send.length};
}

bool converts(const SqlColumn &column, Form form) {
    return form == Form::binary && find_send(column.send).source == Source::converted;
}

} // namespace custody::digest::sql
