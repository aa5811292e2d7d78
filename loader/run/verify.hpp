// The command `custody verify`: both sides read again, compared, nothing written.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::run {

/// Streams the source's tables under one new snapshot and compares their digests with what the
/// extension reads on the target now; also generated columns, sequences and large objects. By the
/// plan of the newest migration of the name, or by a plan made from the options where there is
/// none. Exit::unverified unless all is equal.
Exit verify(const cli::Options &options);

} // namespace custody::run
