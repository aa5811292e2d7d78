// custody audit: what is done with the audit ledger from outside the database.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::audit {

/// custody audit verify-bundle: checks a bundle of evidence, without a database. Exit::ok only
/// where it is proven.
Exit verify_bundle(const cli::Options &options);

/// custody audit anchor: seals, and keeps the signed digest outside of the database.
/// Exit::unverified where the ledger is not the one of the last digest.
Exit anchor(const cli::Options &options);

/// custody audit report: what was verified in a ledger, which tables are recorded, and what is not
/// covered, as one page. Exit::ok only where all is proven.
Exit report(const cli::Options &options);

} // namespace custody::audit
