#include "common/digest_value.hpp"

#include <charconv>
#include <concepts>
#include <vector>

#include "common/big_endian.hpp"
#include "common/wire_row.hpp"

namespace custody::digest {

namespace {

using wire::get_big;

constexpr std::array<std::string_view, 3> kProfileNames = {"fast", "sql", "evidence"};
constexpr std::string_view kAdHoc = "adhoc-";
constexpr std::size_t kWordDigits = 16;

Hash128 as_number(const std::array<std::uint64_t, 4> &words) noexcept {
    return (static_cast<Hash128>(words[0]) << 64) | words[1];
}

std::array<std::uint64_t, 4> as_words(Hash128 number) noexcept {
    return {static_cast<std::uint64_t>(number >> 64), static_cast<std::uint64_t>(number), 0, 0};
}

std::size_t sum_words(Profile profile) noexcept { return profile == Profile::fast ? 2 : 4; }

void append_hex(std::string &text, std::uint64_t word) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) {
        text += kDigits[(word >> shift) & 0xF];
    }
}

/// The one way to write each number: no sign, no upper case, no leading zero in a decimal one.
template <std::unsigned_integral T> T parse(std::string_view text, int base, const char *error) {
    T value = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value, base);
    const bool padded = base == 10 && text.size() > 1 && text.front() == '0';
    if (code != std::errc() || stop != end || padded ||
        text.find_first_of("ABCDEF") != std::string_view::npos) {
        throw DigestError(error);
    }
    return value;
}

std::uint64_t parse_word(std::string_view text, const char *error) {
    if (text.size() != kWordDigits) {
        throw DigestError(error);
    }
    return parse<std::uint64_t>(text, 16, error);
}

std::array<std::string_view, 6> split(std::string_view text) {
    constexpr const char *kError = "digest does not have six parts with colons between them";
    std::array<std::string_view, 6> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t colon = text.find(':');
        if ((colon == std::string_view::npos) != (i + 1 == parts.size())) {
            throw DigestError(kError);
        }
        parts[i] = text.substr(0, colon);
        text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
    }
    return parts;
}

wire::Form parse_form(std::string_view name) {
    try {
        return wire::form_from_name(name);
    } catch (const wire::WireError &) {
        throw DigestError("form of a digest is neither binary nor text");
    }
}

} // namespace

std::string_view profile_name(Profile profile) noexcept {
    return kProfileNames[static_cast<std::size_t>(profile)];
}

Profile profile_from_name(std::string_view name) {
    for (std::size_t i = 0; i < kProfileNames.size(); ++i) {
        if (kProfileNames[i] == name) {
            return static_cast<Profile>(i);
        }
    }
    throw DigestError("profile of a digest is none of fast, sql, evidence");
}

RowHash to_row_hash(Hash128 number) noexcept { return {as_words(number)}; }

RowHash to_row_hash(const Sha256Bytes &bytes) noexcept {
    RowHash hash;
    for (std::size_t i = 0; i < hash.words.size(); ++i) {
        hash.words[i] = get_big<std::uint64_t>(bytes.data() + 8 * i);
    }
    return hash;
}

Hash128 to_number(const RowHash &fast) noexcept { return as_number(fast.words); }

RowHash hash_row(Profile profile, std::span<const std::byte> wire_row) noexcept {
    return profile == Profile::fast ? to_row_hash(hash_bytes(wire_row))
                                    : to_row_hash(sha256(wire_row));
}

bool DigestValue::like(const DigestValue &other) const noexcept {
    return version == other.version && profile == other.profile && form == other.form &&
           ad_hoc == other.ad_hoc && columns == other.columns;
}

void DigestValue::plus(const DigestValue &other) noexcept {
    rows += other.rows;
    add_words(other.sum);
}

void DigestValue::minus(const DigestValue &other) noexcept {
    rows -= other.rows;
    if (profile == Profile::fast) {
        sum = as_words(as_number(sum) - as_number(other.sum));
        return;
    }
    for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] -= other.sum[i];
    }
}

bool DigestValue::same(const DigestValue &other) const noexcept {
    return rows == other.rows && sum == other.sum;
}

std::string DigestValue::sum_hex() const {
    std::string text;
    for (std::size_t i = 0; i < sum_words(profile); ++i) {
        append_hex(text, sum[i]);
    }
    return text;
}

std::string DigestValue::to_text() const {
    std::string text = std::to_string(version);
    text += ':';
    text += profile_name(profile);
    text += ':';
    text += wire::form_name(static_cast<wire::Form>(form));
    text += ':';
    text += ad_hoc ? kAdHoc : std::string_view();
    append_hex(text, columns);
    text += ':';
    text += std::to_string(rows);
    text += ':';
    return text += sum_hex();
}

DigestValue DigestValue::from_text(std::string_view text) {
    auto [version, profile, form, columns, rows, sum] = split(text);
    DigestValue value;
    value.version = parse<std::uint8_t>(version, 10, "version of a digest is not a number");
    value.profile = profile_from_name(profile);
    value.form = static_cast<std::uint8_t>(parse_form(form));
    value.ad_hoc = columns.starts_with(kAdHoc);
    columns.remove_prefix(value.ad_hoc ? kAdHoc.size() : 0);
    value.columns = parse_word(columns, "columns of a digest are not 16 hexadecimal digits");
    value.rows = parse<std::uint64_t>(rows, 10, "rows of a digest are not a number");
    const std::size_t words = sum_words(value.profile);
    if (sum.size() != words * kWordDigits) {
        throw DigestError("sum of a digest does not have the digits of its profile");
    }
    for (std::size_t i = 0; i < words; ++i) {
        value.sum[i] = parse_word(sum.substr(i * kWordDigits, kWordDigits),
                                  "sum of a digest is not hexadecimal");
    }
    return value;
}

std::uint64_t columns_fingerprint(std::span<const std::string_view> names) {
    std::vector<std::byte> row(2);
    wire::put_u16(row.data(), static_cast<std::uint16_t>(names.size()));
    for (const std::string_view name : names) {
        const std::size_t at = row.size();
        row.resize(at + 4);
        wire::put_u32(row.data() + at, static_cast<std::uint32_t>(name.size()));
        const auto bytes = std::as_bytes(std::span(name));
        row.insert(row.end(), bytes.begin(), bytes.end());
    }
    return get_big<std::uint64_t>(sha256(row).data());
}

} // namespace custody::digest
