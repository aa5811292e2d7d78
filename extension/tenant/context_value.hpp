// The value of custody.context as text: a list of fields, each as length, colon, bytes. The server
// hands it to parallel workers as it is.
#pragma once

#include "extension/tenant/context.hpp"

namespace custody::tenant {

std::string encode_context(const ContextValues &values, bool session, std::uint64_t serial);

/// The value of a context that was left.
inline constexpr char kLeftValue[] = "left";

/// Reads a value into one block that the setting's `extra` may be; nullptr where it is malformed or
/// memory is out. Never throws.
const Context *decode_context(const char *value) noexcept;

} // namespace custody::tenant
