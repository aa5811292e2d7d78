// A challenge: a random word that this backend has given out and takes back once, in a token. It is
// in the backend's memory, so that no ROLLBACK brings it back.
#pragma once

#include <string_view>

namespace custody::tenant {

/// Gives out a new one, 22 characters; the one before it is void then. Throws pg::Error.
std::string_view new_challenge();

/// Whether this is the word that was given out; if so it is spent.
bool spend_challenge(std::string_view nonce) noexcept;

/// The identity of this database, a uuid in lower case; docs/token-format.md says how it is made.
std::string_view database_id() noexcept;

} // namespace custody::tenant
