// What the server looks for when it loads custody.so. No room has anything to do at load time; one
// that comes to (a setting, a hook) gets one call from _PG_init here.
#include "extension/pg/boundary.hpp"

CUSTODY_MODULE_MAGIC("custody", CUSTODY_VERSION)
