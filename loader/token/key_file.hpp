// The file with the key that signs: read only where nobody else can read it.
#pragma once

#include <cstddef>
#include <string>

#include "common/public_key.hpp"
#include "loader/core/error.hpp"

namespace custody::mint {

/// What is wrong with a key file. Exit::usage, key-file-unusable.
Error unusable_key(const std::string &file, const std::string &why, const std::string &hint);

/// What a file of keys may have.
inline constexpr std::size_t kMostKeyBytes = 1 << 20;

/// The text of the file. Throws unusable_key().
std::string read_key_file(const std::string &file);

/// An Ed25519 private key in PEM. Throws unusable_key().
token::Ed25519PrivateKey read_private_key(const std::string &file);

} // namespace custody::mint
