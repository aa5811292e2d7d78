// Reads one side: a read-only REPEATABLE READ transaction over the catalogs, in which a class that
// cannot be read is told, and the others are read all the same.
#pragma once

#include "loader/compare/model.hpp"
#include "loader/pq/connection.hpp"

namespace custody::compare {

/// `side` is source or target. Before anything is pinned: the settings are those that a session
/// meets. Throws Error "source-too-old" or "target-too-old" (refused), SqlError when the connection
/// breaks.
Catalog read(pq::Connection &connection, const std::string &side);

/// Adds to `unread` what of the catalog's objects the role may not read: after Scope::narrow, so
/// that what is not compared leaves nothing unverified.
void note_hidden(Catalog &catalog, const std::string &side);

} // namespace custody::compare
