// refused: an argument of a guarded call has a destructor
#include "extension/pg/boundary.hpp"

static void use(std::string text) { elog(DEBUG1, "%s", text.c_str()); }

void attempt() { custody::pg::call<use>(std::string("x")); }
