// Common code that allocates with the server.
#include "extension/pg/postgres.hpp"

void *allocate() { return palloc(8); }
