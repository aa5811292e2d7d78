// What the positions of a row mean: the JSON text of docs/ledger-format.md, section 3, read into a
// struct. Errors: DescriptorError, std::bad_alloc.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire_row.hpp"

namespace custody::ledger {

class DescriptorError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

enum class Store : std::uint8_t { value, hash, redact };

struct DescriptorColumn {
    std::string name;
    std::string type;
    Store store = Store::value;
    bool generated = false;
};

struct Descriptor {
    std::string table; // uuid as text; empty in the descriptor {}, of no one table
    std::string schema;
    std::string name;
    std::uint32_t version = 0;
    wire::Form form = wire::Form::binary;
    std::vector<DescriptorColumn> columns;
    std::vector<std::uint16_t> key;   // positions, in the key's order
    std::optional<std::uint16_t> org; // position
    std::vector<std::string> excluded;
};

Descriptor parse_descriptor(std::string_view text);

} // namespace custody::ledger
