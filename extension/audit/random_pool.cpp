// Plain C-style: no local has a destructor.
#include "extension/audit/random_pool.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr Size kPoolBytes = 4096;

char pool[kPoolBytes];
Size used = kPoolBytes;
int owner = 0; // a process

void refill() {
    used = kPoolBytes; // nothing of it counts until all is new
    if (!pg_strong_random(pool, kPoolBytes)) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "could not generate random bytes for the audit ledger");
    }
    owner = MyProcPid;
    used = 0;
}

} // namespace

void fill_random(void *out, Size bytes) {
    if (unlikely(used + bytes > kPoolBytes || owner != MyProcPid)) {
        refill();
    }
    memcpy(out, pool + used, bytes);
    explicit_bzero(pool + used, bytes);
    used += bytes;
}

} // namespace custody::audit
