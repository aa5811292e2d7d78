// What SQL reads of the context.
#pragma once

#include "extension/tenant/context.hpp"

namespace custody::tenant {

/// The context, in time. Plain C-style: raises 42501 where there is none or it has expired.
const Context &required_context();

} // namespace custody::tenant
