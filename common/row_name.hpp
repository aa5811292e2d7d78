// A row as a person would name it: its table and its key.
#pragma once

#include <string>
#include <vector>

#include "common/ledger_hash.hpp"
#include "common/wire_row.hpp"

namespace custody::ledger {

struct NamedTable {
    std::string name;                   // schema.table
    std::vector<std::string> key_types; // of the key's columns
    wire::Form form = wire::Form::binary;
};

/// Table and values of a key (a wire row): integers, texts and uuids as such, others in
/// hexadecimal digits. A key that is no wire row of the table's columns: all of it hexadecimal.
std::string row_name(const NamedTable &table, Bytes key);

} // namespace custody::ledger
