// This file says that it is plain C-style, but an object lives across a call of the server.
#include "extension/pg/postgres.hpp"

void *allocate(const char *text) {
    std::string copy(text);
    return palloc(copy.size());
}
