// The file custody_keys in the data directory: the symmetric keys, read by C and shown to nobody.
// It must be a plain file of the server's own user, mode 0600 or 0400; whatever else it is, or a
// single line of it that is malformed, and there is no key at all.
#pragma once

#include <string_view>

#include "common/key_lines.hpp"

namespace custody::tenant {

/// The key of that name, for that algorithm and no other. Looks at the file's inode each time, and
/// reads it again when that has changed. Throws token::KeyError: there is no such key, and why.
const token::HmacKey &file_key(std::string_view name, token::Algorithm algorithm);

} // namespace custody::tenant
