// Digests of a ledger that were kept outside of its database: the files of --digest and
// --anchor-file.
#pragma once

#include <string>
#include <vector>

#include "common/bundle.hpp"
#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::audit {

/// Those that the user names; none where no file is named. Of an anchor file only what its key has
/// signed. Throws Error: file-unreadable, usage (Exit::usage), and as read_anchors().
std::vector<ledger::Digest> kept_digests(const cli::Options &options);

/// Error (Exit::usage) for a file that cannot be read.
Error file_unreadable(const std::string &what, const std::string &file, const std::string &why);

} // namespace custody::audit
