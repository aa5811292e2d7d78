// Random bytes for salts and secrets, many at a time: a call of the generator costs more than the
// bytes. What was given out is wiped from the pool, and a forked process begins with an empty one.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// At most 1 kB. Raises internal_error where the generator fails. Plain C-style.
void fill_random(void *out, Size bytes);

} // namespace custody::audit
