// refused: not usable in a constant expression
#include "extension/pg/boundary.hpp"

void attempt(const char *text) {
    const auto work = [text] { elog(DEBUG1, "%s", text); };
    custody::pg::call<work>();
}
