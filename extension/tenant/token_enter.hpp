// From a token to the context. Every refusal is one error, 28000 "token refused", whose cause goes
// to the server's log only.
#pragma once

#include "common/token_identity.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::tenant {

/// Verifies a token of either kind and makes what it says the transaction's context. Throws
/// pg::Error: 28000, or 55000 where the transaction has another context already.
void enter_token(std::string_view token);

/// The one error of a refusal.
[[noreturn]] void refuse_token(const char *cause);

} // namespace custody::tenant
