// A line of an anchor file (docs/ledger-format.md, section 7): a digest's text and its signature.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/bundle.hpp"
#include "common/public_key.hpp"

namespace custody::audit {

/// Without a newline.
std::string anchor_line(const std::string &digest, const token::Ed25519PrivateKey &key);

/// The digest of the line, where one of the keys has signed it. Nothing where it was cut off while
/// it was written. Throws Error (Exit::unverified, anchor-untrusted) where it is no line of an
/// anchor, or not signed by any of the keys. `place` says where it stands.
std::optional<ledger::Digest> read_anchor_line(const std::string &line,
                                               const std::vector<token::PublicKey> &keys,
                                               const std::string &place);

/// The Ed25519 public keys of a file: one, or PEM by PEM. Throws Error (Exit::usage,
/// key-file-unusable).
std::vector<token::PublicKey> read_public_keys(const std::string &file);

} // namespace custody::audit
