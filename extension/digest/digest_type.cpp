// The SQL type custody.digest: how it is read, written and taken apart.
#include "common/big_endian.hpp"
#include "common/wire_row.hpp"
#include "extension/pg/values.hpp"

#include "extension/digest/arguments.hpp"
#include "extension/digest/digest_datum.hpp"

namespace custody::digest {

namespace {

constexpr std::uint64_t kMaxRows = INT64_MAX;

/// A text is judged by the same rules as the bytes, so that both reach the same values.
const char *fault_of(const DigestValue &value) {
    if (value.rows > kMaxRows) {
        return "it counts more rows than a bigint holds";
    }
    if (value.profile > Profile::evidence) {
        return "it has no known profile";
    }
    if (value.form > static_cast<std::uint8_t>(wire::Form::text)) {
        return "it has no known form";
    }
    const bool wide = value.profile == Profile::fast && (value.sum[2] != 0 || value.sum[3] != 0);
    return wide ? "its sum has more than 128 bits" : nullptr;
}

Datum from_text(const char *text) {
    std::string fault;
    try {
        const DigestValue value = DigestValue::from_text(text);
        const char *const found = fault_of(value);
        if (found == nullptr) {
            return pg::call<digest_datum>(value);
        }
        fault = found;
    } catch (const DigestError &error) {
        fault = error.what();
    }
    throw pg::Error(ERRCODE_INVALID_TEXT_REPRESENTATION,
                    "invalid input syntax for type custody.digest")
        .detail(fault + ": \"" + text + "\"")
        .hint("a digest is version:profile:form:columns:rows:sum; custody.table_digest('tab') "
              "digests a "
              "table, custody.digest(t.*) rows (custody.digest(t) is a cast of column t where they "
              "have one)");
}

template <typename T> T take(StringInfo message) {
    return wire::get_big<T>(reinterpret_cast<const std::byte *>(
        pg::call<pq_getmsgbytes>(message, static_cast<int>(sizeof(T)))));
}

DigestValue receive(StringInfo message) {
    DigestValue value;
    value.rows = take<std::uint64_t>(message);
    value.columns = take<std::uint64_t>(message);
    for (std::uint64_t &word : value.sum) {
        word = take<std::uint64_t>(message);
    }
    value.version = take<std::uint8_t>(message);
    value.profile = static_cast<Profile>(take<std::uint8_t>(message));
    value.form = take<std::uint8_t>(message);
    const auto ad_hoc = take<std::uint8_t>(message);
    const auto unused = take<std::uint32_t>(message);
    const char *fault = fault_of(value);
    if (fault == nullptr && (ad_hoc > 1 || unused != 0)) {
        fault = "it has bits set that mean nothing";
    }
    if (fault != nullptr) {
        throw pg::Error(ERRCODE_INVALID_BINARY_REPRESENTATION, "invalid bytes of a digest")
            .detail(fault);
    }
    value.ad_hoc = ad_hoc == 1;
    return value;
}

std::array<std::byte, sizeof(DigestValue)> bytes_of(const DigestValue &value) {
    std::array<std::byte, sizeof(DigestValue)> bytes{};
    std::byte *at = bytes.data();
    wire::put_big(at, value.rows);
    wire::put_big(at + 8, value.columns);
    for (std::size_t i = 0; i < value.sum.size(); ++i) {
        wire::put_big(at + 16 + 8 * i, value.sum[i]);
    }
    at[48] = static_cast<std::byte>(value.version);
    at[49] = static_cast<std::byte>(value.profile);
    at[50] = static_cast<std::byte>(value.form);
    at[51] = static_cast<std::byte>(value.ad_hoc);
    return bytes;
}

std::string hex_of(std::uint64_t word) {
    char digits[17];
    snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(word));
    return digits;
}

} // namespace

CUSTODY_FUNCTION(custody_digest_in) { PG_RETURN_DATUM(from_text(PG_GETARG_CSTRING(0))); }

CUSTODY_FUNCTION(custody_digest_out) {
    const std::string text = digest_of(PG_GETARG_DATUM(0))->to_text();
    PG_RETURN_CSTRING(pg::call<pnstrdup>(text.data(), text.size()));
}

CUSTODY_FUNCTION(custody_digest_recv) {
    const DigestValue value = receive(reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0)));
    PG_RETURN_DATUM(pg::call<digest_datum>(value));
}

CUSTODY_FUNCTION(custody_digest_send) {
    PG_RETURN_DATUM(pg::bytea_datum(bytes_of(*digest_of(PG_GETARG_DATUM(0)))));
}

CUSTODY_FUNCTION(custody_digest_info) {
    const DigestValue &value = *digest_of(PG_GETARG_DATUM(0));
    Datum values[] = {Int32GetDatum(value.version),
                      pg::text_datum(profile_name(value.profile)),
                      pg::text_datum(wire::form_name(static_cast<wire::Form>(value.form))),
                      BoolGetDatum(value.ad_hoc),
                      pg::text_datum(hex_of(value.columns)),
                      UInt64GetDatum(value.rows),
                      pg::text_datum(value.sum_hex())};
    PG_RETURN_DATUM(pg::call<make_record>(fcinfo, values));
}

} // namespace custody::digest
