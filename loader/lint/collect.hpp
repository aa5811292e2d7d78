// Runs the rules on a server, whether or not it has the extension.
#pragma once

#include <string>

#include "loader/lint/findings.hpp"
#include "loader/pq/connection.hpp"

namespace custody::lint {

/// One read-only transaction, which is rolled back; nothing is made, temporary tables included. A
/// rule that the server refuses is not run, the others are. Throws Error (refused) for a server
/// older than 13.
Report collect(pq::Connection &connection, const std::string &org_column);

} // namespace custody::lint
