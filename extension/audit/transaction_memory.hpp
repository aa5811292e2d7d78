// Where what a transaction's events need lives: made once in a backend, empty after each
// transaction.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

MemoryContext transaction_memory();

} // namespace custody::audit
