#include "common/row_name.hpp"

#include <algorithm>

#include "common/big_endian.hpp"

namespace custody::ledger {

namespace {

std::string hex(Bytes bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += kDigits[static_cast<unsigned>(byte) >> 4];
        text += kDigits[static_cast<unsigned>(byte) & 15U];
    }
    return text;
}

bool printable(Bytes bytes) {
    return std::none_of(bytes.begin(), bytes.end(), [](std::byte byte) {
        return byte < std::byte{0x20} || byte == std::byte{0x7f};
    });
}

std::string value_name(std::string_view type, wire::Form form, Bytes value) {
    const bool is_text = form == wire::Form::text || type == "text" || type == "name" ||
                         type.substr(0, 9) == "character";
    if (is_text && printable(value)) {
        return {reinterpret_cast<const char *>(value.data()), value.size()};
    }
    if (type == "smallint" && value.size() == 2) {
        return std::to_string(wire::get_i16(value.data()));
    }
    if (type == "integer" && value.size() == 4) {
        return std::to_string(wire::get_i32(value.data()));
    }
    if (type == "bigint" && value.size() == 8) {
        return std::to_string(wire::get_big<std::int64_t>(value.data()));
    }
    std::string text = hex(value);
    if (type == "uuid" && value.size() == 16) {
        for (const std::size_t dash : {20, 16, 12, 8}) {
            text.insert(dash, 1, '-');
        }
    }
    return text;
}

/// The next value of a wire row, taken off its bytes; false where they end before it does.
bool take_value(Bytes &row, Bytes &value) {
    if (row.size() < 4) {
        return false;
    }
    const std::int32_t length = wire::get_i32(row.data());
    row = row.subspan(4);
    const std::size_t size = length > 0 ? static_cast<std::size_t>(length) : 0;
    if (size > row.size()) {
        return false;
    }
    value = row.subspan(0, size);
    row = row.subspan(size);
    return true;
}

} // namespace

std::string row_name(const NamedTable &table, Bytes key) {
    std::string name = table.name;
    Bytes rest = key.size() < 2 ? key : key.subspan(2);
    for (const std::string &type : table.key_types) {
        Bytes value;
        if (!take_value(rest, value)) {
            return table.name + " " + hex(key);
        }
        name += " " + value_name(type, table.form, value);
    }
    return name;
}

} // namespace custody::ledger
