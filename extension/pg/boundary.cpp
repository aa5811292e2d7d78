// The only try block that faces the server, and the only sigsetjmp.
#include "extension/pg/boundary.hpp"

namespace custody::pg {

namespace {

/// Puts the server's jump targets back on every way out: return, jump, or an exception of C++
/// that passes the guard (a jump buffer of a dead frame would crash the next ereport).
class JumpTargets {
  public:
    JumpTargets() = default;
    ~JumpTargets() {
        PG_exception_stack = exceptions_;
        error_context_stack = contexts_;
    }
    JumpTargets(const JumpTargets &) = delete;
    JumpTargets &operator=(const JumpTargets &) = delete;

  private:
    sigjmp_buf *const exceptions_ = PG_exception_stack;
    ErrorContextCallback *const contexts_ = error_context_stack;
};

void process_pending_interrupts() { CHECK_FOR_INTERRUPTS(); }

} // namespace

bool try_guarded(void (*thunk)(void *), void *frame) {
    const JumpTargets outer;
    const MemoryContext context = CurrentMemoryContext;
    sigjmp_buf here;
    // Without the signal mask (0): saving it is a system call, and the server's own PG_TRY does
    // not either.
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        thunk(frame);
        return true;
    }
    MemoryContextSwitchTo(context);
    return false;
}

void run_guarded(void (*thunk)(void *), void *frame) {
    if (!try_guarded(thunk, frame)) {
        throw_pending_error();
    }
}

Datum enter(Datum (*body)(FunctionCallInfo), FunctionCallInfo fcinfo) {
    const MemoryContext context = CurrentMemoryContext;
    sigjmp_buf *const exceptions = PG_exception_stack;
    ErrorContextCallback *const contexts = error_context_stack;
    Outcome outcome;
    try {
        return body(fcinfo);
    } catch (...) {
        outcome = describe_current_exception();
    }
    // The catch block is left: the exception is destroyed and no longer counts as caught. Should
    // it have come out of a PG_TRY, the server's stacks still point into that dead frame.
    PG_exception_stack = exceptions;
    error_context_stack = contexts;
    MemoryContextSwitchTo(context);
    raise(outcome);
}

void process_interrupts() { call<process_pending_interrupts>(); }

} // namespace custody::pg
