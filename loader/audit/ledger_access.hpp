// Whether there is a ledger to work with, and whether the role may.
#pragma once

#include <string>

#include "loader/pq/connection.hpp"

namespace custody::audit {

/// What a command calls, and the duty that gives it.
struct LedgerDuty {
    std::string function; // with the types of its arguments
    std::string duty;
};

/// The handshake; then throws Error with Exit::refused: ledger-missing, ledger-duty-missing.
void require_ledger(pq::Connection &connection, const LedgerDuty &needed);

} // namespace custody::audit
