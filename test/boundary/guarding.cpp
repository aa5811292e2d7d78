// Rules 3 and 7: where the guard sits, and what survives the way through it.
#include <stdexcept>

#include "extension/pg/memory.hpp"
#include "extension/pg/spi.hpp"
#include "extension/pg/values.hpp"
#include "test/boundary/probe.hpp"

namespace custody::test {

namespace {

/// Too shallow: the object lives inside the guarded function, and the jump passes over it.
void server_error_over_object() {
    Tracked object;
    server_error();
}

struct Nested {
    int depth;
};

void descend(Nested nested);

/// Alternates C++ frames with guarded calls: the error crosses each guard anew.
void descend_in_cpp(Nested nested) {
    Tracked object;
    pg::call<descend>(nested);
}

void descend(Nested nested) {
    if (nested.depth == 0) {
        server_error();
    }
    descend_in_cpp({nested.depth - 1});
}

} // namespace

CUSTODY_FUNCTION(test_unguarded) {
    Tracked object;
    server_error();
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_guarded) {
    Tracked object;
    pg::call<server_error>();
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_shallow) {
    pg::call<server_error_over_object>();
    PG_RETURN_VOID();
}

// Rule 7: a C-style body needs no guard; the boundary lets the jump pass.
CUSTODY_FUNCTION(test_c_style) {
    server_error();
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_c_style_raise) {
    pg::raise(ERRCODE_WRONG_OBJECT_TYPE, "cannot scan that", "a view", "do this");
}

CUSTODY_FUNCTION(test_nested_guards) {
    descend_in_cpp({PG_GETARG_INT32(0)});
    PG_RETURN_VOID();
}

// The memory context and the error context stack are the caller's again where the error arrives,
// and the exception can be looked at.
CUSTODY_FUNCTION(test_inspect) {
    Tracked object;
    const MemoryContext context = CurrentMemoryContext;
    ErrorContextCallback *const callbacks = error_context_stack;
    try {
        pg::TemporaryContext scratch("boundary test scratch");
        const pg::ContextSwitch inside(scratch.get());
        pg::call<server_error>();
    } catch (const pg::ServerError &error) {
        // The copy outlives the context that was current when the error came.
        if (CurrentMemoryContext != context || error_context_stack != callbacks ||
            error.sqlstate() != ERRCODE_CHECK_VIOLATION ||
            std::string_view(error.data().hint) != "do that") {
            throw std::logic_error("the guard did not restore what it saved");
        }
        throw;
    }
    PG_RETURN_VOID();
}

// An error of a nested function arrives through SPI and the executor as the server's, because
// every function has a boundary of its own.
CUSTODY_FUNCTION(test_spi) {
    Tracked object;
    const std::string sql = pg::text_value(PG_GETARG_DATUM(0));
    pg::Spi spi;
    const pg::SpiArgument argument{INT4OID, Int32GetDatum(7)};
    spi.execute(sql.c_str(), {&argument, 1});
    PG_RETURN_DATUM(pg::text_datum(spi.value(0, 1).value_or("null")));
}

CUSTODY_FUNCTION(test_spi_out_of_range) {
    pg::Spi spi;
    spi.execute("SELECT 1");
    spi.value(0, 2);
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_text_array) {
    std::string joined;
    for (const std::string &value : pg::text_array_value(PG_GETARG_DATUM(0), "names")) {
        joined += value + ";";
    }
    PG_RETURN_DATUM(pg::bytea_datum(std::as_bytes(std::span(joined))));
}

CUSTODY_FUNCTION(test_report) {
    Tracked object;
    pg::report(WARNING, ERRCODE_WARNING, "a 100% warning", "its detail", "its hint");
    PG_RETURN_VOID();
}

} // namespace custody::test
