#include <cxxabi.h>
#include <malloc.h>

#include "test/boundary/probe.hpp"

CUSTODY_MODULE_MAGIC("custody_boundary_test", CUSTODY_VERSION)

namespace custody::test {

void server_error() {
    ereport(ERROR,
            (errcode(ERRCODE_CHECK_VIOLATION), errmsg("error of the server"),
             errdetail("seen: %d", 42), errhint("do that"), err_generic_string('s', "a schema"),
             err_generic_string('t', "a table"), err_generic_string('c', "a column"),
             err_generic_string('d', "a type"), err_generic_string('n', "a constraint")));
}

CUSTODY_FUNCTION(test_live) { PG_RETURN_INT32(Tracked::live); }

CUSTODY_FUNCTION(test_forget_live) {
    Tracked::live = 0;
    PG_RETURN_VOID();
}

// The runtime's list of exceptions whose catch block was never left.
CUSTODY_FUNCTION(test_caught) {
    PG_RETURN_BOOL(*reinterpret_cast<void **>(abi::__cxa_get_globals()) != nullptr);
}

// TopMemoryContext and ErrorContext by themselves, and the C heap, where exceptions and copies of
// errors live.
CUSTODY_FUNCTION(test_top_bytes) {
    PG_RETURN_INT64(static_cast<int64>(MemoryContextMemAllocated(TopMemoryContext, false) +
                                       MemoryContextMemAllocated(ErrorContext, true)));
}

CUSTODY_FUNCTION(test_heap_bytes) { PG_RETURN_INT64(static_cast<int64>(mallinfo2().uordblks)); }

} // namespace custody::test
