// The context of an organization, for a trial that is rolled back.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

/// Enters the context of an organization (its text) of the type that a column of `org_type` takes,
/// in place of any other, until the (sub)transaction ends; without one where `org` is nullptr.
/// Never throws or jumps; false: it could
/// not, and `error` (of `size` bytes) says why.
bool enter_trial_context(Oid org_type, const char *org, char *error, std::size_t size) noexcept;

} // namespace custody::tenant
