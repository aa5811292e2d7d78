// refused: a guarded call takes a named function
#include "extension/pg/boundary.hpp"

void attempt() {
    custody::pg::call<[] { elog(DEBUG1, "x"); }>();
}
