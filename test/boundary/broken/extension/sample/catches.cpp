// A guard of its own.
#include "extension/pg/postgres.hpp"

void attempt(void (*work)()) {
    PG_TRY();
    { work(); }
    PG_CATCH();
    { PG_RE_THROW(); }
    PG_END_TRY();
}
