// What the server looks for when it loads custody.so.
#include "extension/pg/boundary.hpp"

extern "C" {
CUSTODY_MODULE_MAGIC("custody", CUSTODY_VERSION);
}
