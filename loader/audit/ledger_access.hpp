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

/// Connects, with settings of its own: sealing and attesting write, also where the database's
/// default is to read. Throws Error with Exit::refused: ledger-missing, ledger-duty-missing.
pq::Connection open_ledger(const std::string &conninfo, const char *command,
                           const LedgerDuty &needed);

} // namespace custody::audit
