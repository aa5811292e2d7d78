// What the server looks for when it loads custody.so: its magic block, and one call for each room
// that has something to register.
#include "extension/audit/audit.hpp"
#include "extension/pg/boundary.hpp"
#include "extension/tenant/context.hpp"

CUSTODY_MODULE_MAGIC("custody", CUSTODY_VERSION)
CUSTODY_ON_LOAD {
    custody::tenant::init_context();
    custody::audit::init_audit();
    // After every room: what was set under the prefix before the library came is dropped.
    MarkGUCPrefixReserved("custody");
}
