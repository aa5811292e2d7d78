// Whether this loader and the target's extension can work together; asked before any write.
#pragma once

#include <string>
#include <string_view>

#include "loader/pq/connection.hpp"

namespace custody::state {

/// What the target's extension says about itself.
struct Handshake {
    int protocol = 0;
    int encoding_version = 0;
    std::string extension_version;
};

/// Checks that this loader can work with the target's extension; reads only. Throws Error with
/// Exit::mismatch: extension-missing, extension-too-old, extension-too-new, encoding-mismatch,
/// state-unguarded; with Exit::refused: state-not-readable (no privilege on schema custody; the
/// hint names the duty that would give it).
Handshake handshake(pq::Connection &target, std::string_view duty = "operator");

} // namespace custody::state
