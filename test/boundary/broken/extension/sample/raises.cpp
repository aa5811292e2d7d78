// Raises past the boundary.
#include "extension/pg/postgres.hpp"

void fail() { ereport(ERROR, (errmsg("past the boundary"))); }
