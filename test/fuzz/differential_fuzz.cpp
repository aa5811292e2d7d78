// What two ways to the same answer must agree on: StreamHasher against a plain reading of the row
// (both forms, both profiles, rows in pieces and as a whole), and digests against their text.
#include "common/wire_row.hpp"

#include <cstdlib>
#include <cstring>
#include <optional>

using namespace custody;
using namespace custody::wire;

namespace {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

constexpr std::size_t kColumns = 3;
constexpr std::size_t kFiller = 300'000; // makes a row one that is hashed in pieces

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::vector<TypeRule> rules_of(unsigned choice) {
    using enum Kind;
    const TypeRule pair{composite, {{raw, {}}, {float4, {}}}};
    const std::vector<TypeRule> all = {{raw, {}},
                                       {float4, {}},
                                       {float8, {}},
                                       {array, {{raw, {}}}},
                                       {array, {{float8, {}}}},
                                       {array, {pair}},
                                       pair,
                                       {composite, {}},
                                       {range, {{raw, {}}}},
                                       {range, {{float8, {}}}},
                                       {multirange, {{float4, {}}}}};
    return {all[choice % 11], all[choice / 11 % 11], all[choice / 121 % 2]};
}

void append(Bytes &row, std::uint32_t word) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        row.push_back(static_cast<std::byte>(word >> shift));
    }
}

/// The fields of a tuple behind its count, normalised one by one; nothing where it is malformed.
std::optional<Bytes> read_tuple(View data, const std::vector<TypeRule> &rules) {
    Bytes fields;
    for (const TypeRule &rule : rules) {
        if (data.size() < 4) {
            return std::nullopt;
        }
        std::uint32_t length = 0;
        for (int i = 0; i < 4; ++i) {
            length = (length << 8) | std::to_integer<std::uint32_t>(data[static_cast<unsigned>(i)]);
        }
        data = data.subspan(4);
        append(fields, length);
        if (length == 0xFFFFFFFFU) {
            continue;
        }
        if (length > data.size()) {
            return std::nullopt;
        }
        Bytes value(data.begin(), data.begin() + length);
        data = data.subspan(length);
        try {
            normalise(rule, value);
        } catch (const WireError &) {
            return std::nullopt;
        }
        fields.insert(fields.end(), value.begin(), value.end());
    }
    return data.empty() ? std::optional(fields) : std::nullopt;
}

bool all_raw(const std::vector<TypeRule> &rules) {
    for (const TypeRule &rule : rules) {
        if (!rule.is_raw()) {
            return false;
        }
    }
    return true;
}

int digit(char c) {
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : 99;
}

/// One character or escape of a line that `at` is in; moves on.
char unescape(const std::string &line, std::size_t &at) {
    const char c = line[at++];
    if (c != '\\') {
        return c;
    }
    const char escape = line[at++];
    int value = 0;
    int digits = 0;
    if (escape >= '0' && escape <= '7') {
        for (value = escape - '0'; ++digits < 3 && at < line.size() && digit(line[at]) < 8;) {
            value = value * 8 + digit(line[at++]);
        }
        return static_cast<char>(value);
    }
    if (escape == 'x') {
        for (; digits < 2 && at < line.size() && digit(line[at]) < 16; ++digits) {
            value = value * 16 + digit(line[at++]);
        }
        return digits == 0 ? 'x' : static_cast<char>(value);
    }
    constexpr std::string_view kFrom = "bfnrtv";
    const std::size_t known = kFrom.find(escape);
    return known == std::string_view::npos ? escape : "\b\f\n\r\t\v"[known];
}

std::optional<Bytes> read_line(const std::string &line) {
    Bytes fields;
    std::size_t at = 0;
    for (std::size_t column = 0; column < kColumns; ++column) {
        Bytes value;
        const std::size_t start = at;
        while (at < line.size() && line[at] != '\t' &&
               !(line[at] == '\\' && at + 1 == line.size())) {
            value.push_back(static_cast<std::byte>(unescape(line, at)));
        }
        const bool null = line.compare(start, at - start, "\\N") == 0;
        append(fields, null ? 0xFFFFFFFFU : static_cast<std::uint32_t>(value.size()));
        fields.insert(fields.end(), value.begin(), null ? value.begin() : value.end());
        const bool delimiter = at < line.size() && line[at] == '\t';
        if (delimiter != (column + 1 < kColumns)) {
            return std::nullopt;
        }
        ++at;
    }
    return fields;
}

/// `sent` as COPY delivers it, `fields` as they are hashed, without the number of columns.
void compare(Form form, const std::vector<TypeRule> &rules, const Bytes &sent,
             const std::optional<Bytes> &fields, digest::Profile profile) {
    StreamHasher hasher(form, rules, {}, 1, profile);
    bool taken = true;
    try {
        hasher.add(sent);
    } catch (const WireError &) {
        taken = false;
    }
    // A tuple that needs no rewriting is not read unless it is large.
    if (form == Form::binary && all_raw(rules) && sent.size() < kFiller && !fields) {
        return;
    }
    must(taken == fields.has_value());
    if (taken) {
        Bytes row = {std::byte{0}, static_cast<std::byte>(rules.size())};
        row.insert(row.end(), fields->begin(), fields->end());
        digest::DigestValue expected;
        expected.profile = profile;
        expected.add(digest::hash_row(profile, row));
        must(hasher.digests(0).front().same(expected));
    }
}

/// The same row behind a long first column.
void compare_large(Form form, std::vector<TypeRule> rules, const Bytes &sent,
                   std::optional<Bytes> fields, digest::Profile profile) {
    const Bytes filler(kFiller, std::byte{'x'});
    Bytes head;
    append(head, kFiller);
    head.insert(head.end(), filler.begin(), filler.end());
    Bytes row;
    if (form == Form::binary) {
        row = {std::byte{0}, static_cast<std::byte>(rules.size() + 1)};
        row.insert(row.end(), head.begin(), head.end());
        row.insert(row.end(), sent.begin() + 2, sent.end());
    } else {
        row = filler;
        row.push_back(std::byte{'\t'});
        row.insert(row.end(), sent.begin(), sent.end());
    }
    if (fields) {
        fields->insert(fields->begin(), head.begin(), head.end());
    }
    rules.insert(rules.begin(), TypeRule{});
    compare(form, rules, row, fields, profile);
}

void check_row(unsigned mode, unsigned choice, View data) {
    const Form form = (mode & 1) != 0 ? Form::text : Form::binary;
    const std::vector<TypeRule> rules =
        form == Form::text ? std::vector<TypeRule>(kColumns) : rules_of(choice);
    Bytes sent;
    std::optional<Bytes> fields;
    if (form == Form::binary) {
        sent = {std::byte{0}, std::byte{kColumns}};
        fields = read_tuple(data, rules);
    } else {
        fields = read_line({reinterpret_cast<const char *>(data.data()), data.size()});
    }
    sent.insert(sent.end(), data.begin(), data.end());
    const digest::Profile profile = (mode & 2) != 0 ? digest::Profile::sql : digest::Profile::fast;
    compare(form, rules, sent, fields, profile);
    if ((mode & 0xFC) == 0) { // seldom, since it is slow
        compare_large(form, rules, sent, fields, profile);
    }
}

void check_text(std::string_view text) {
    try {
        must(digest::DigestValue::from_text(text).to_text() == text);
    } catch (const digest::DigestError &) {
        return;
    }
}

void check_value(View data) {
    digest::DigestValue value;
    if (data.size() < 52) {
        return;
    }
    std::memcpy(&value.rows, data.data(), 8);
    std::memcpy(&value.columns, data.data() + 8, 8);
    value.profile = static_cast<digest::Profile>(std::to_integer<unsigned>(data[48]) % 3);
    std::memcpy(value.sum.data(), data.data() + 16,
                value.profile == digest::Profile::fast ? 16 : 32);
    value.form = static_cast<std::uint8_t>(std::to_integer<unsigned>(data[49]) % 2);
    value.ad_hoc = std::to_integer<unsigned>(data[50]) % 2 == 1;
    value.version = std::to_integer<std::uint8_t>(data[51]);
    const digest::DigestValue back = digest::DigestValue::from_text(value.to_text());
    must(back.like(value) && back.same(value));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const View data = std::as_bytes(std::span(bytes + 2, size - 2));
    if (bytes[0] >= 0xE0) {
        check_text({reinterpret_cast<const char *>(data.data()), data.size()});
        check_value(data);
    } else {
        check_row(bytes[0], bytes[1], data);
    }
    return 0;
}
