// How rows() and values() of the sides that ask a server get their answers: row ids come as the
// lines of a COPY, one at a time, values by the places of their rows.
// The connection is in a transaction under its side's snapshot; after an error in the midst of the
// COPY it is of no use any more. Throws SqlError, Error.
#pragma once

#include "loader/verify/reading.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

/// `query` gives bucket, OID of the relation, ctid, and the two hashes as hexadecimal digits.
void copy_rows(pq::Connection &connection, const std::string &query,
               const std::function<void(RowId &&)> &each);

std::vector<RowValues> values_by_place(pq::Connection &connection, const Subject &subject,
                                       Which which, std::span<const RowId> wanted);

/// "{1,2,3}"
std::string number_array(std::span<const std::uint32_t> numbers);

} // namespace custody::verify
