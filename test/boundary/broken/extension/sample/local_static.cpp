// A function-local static whose initialiser is a call of the server.
#include "extension/pg/postgres.hpp"

Oid cached(const char *name) {
    static const Oid oid = get_namespace_oid(name, false);
    return oid;
}
