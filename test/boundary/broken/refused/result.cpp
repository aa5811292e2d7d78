// refused: the result of a guarded call has a destructor
#include "extension/pg/boundary.hpp"

static std::string make() { return "x"; }

void attempt() { custody::pg::call<make>(); }
