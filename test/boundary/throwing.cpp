// Rules 1, 2 and 4: whatever C++ throws becomes an ERROR of its own kind.
#include <csignal>
#include <stdexcept>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/boundary/probe.hpp"

namespace custody::test {

CUSTODY_FUNCTION(test_throw_error) {
    Tracked object;
    throw pg::Error(ERRCODE_WRONG_OBJECT_TYPE, "cannot scan that").detail("a view").hint("do this");
}

CUSTODY_FUNCTION(test_throw_bare_error) {
    Tracked object;
    throw pg::Error(ERRCODE_WRONG_OBJECT_TYPE, "100% of it");
}

CUSTODY_FUNCTION(test_throw_std) {
    Tracked object;
    throw std::runtime_error("a runtime error");
}

CUSTODY_FUNCTION(test_throw_other) {
    Tracked object;
    throw 42;
}

CUSTODY_FUNCTION(test_throw_bad_alloc) {
    Tracked object;
    volatile std::size_t size = std::size_t{1} << 60;
    PG_RETURN_INT64(reinterpret_cast<int64>(::operator new(size)));
}

CUSTODY_FUNCTION(test_throw_huge_message) {
    Tracked object;
    throw pg::Error(ERRCODE_DATA_EXCEPTION, std::string(100000, 'x'));
}

// Rule 2 broken on purpose: the jump leaves the catch block without ending it.
CUSTODY_FUNCTION(test_raise_inside_catch) {
    try {
        throw std::runtime_error("stays caught");
    } catch (const std::exception &error) {
        pg::raise(ERRCODE_DATA_EXCEPTION, error.what());
    }
}

namespace {

void throw_through() { throw std::runtime_error("out of a guarded call"); }

void throw_inside_noexcept() noexcept { throw_through(); }

} // namespace

// Rule 4: an exception that passes a guard leaves no jump buffer of a dead frame behind.
CUSTODY_FUNCTION(test_throw_through_guard) {
    Tracked object;
    sigjmp_buf *const before = PG_exception_stack;
    try {
        pg::call<throw_through>();
    } catch (const std::runtime_error &) {
    }
    if (PG_exception_stack != before) {
        PG_exception_stack = before;
        throw std::logic_error("the exception stack points into a dead frame");
    }
    pg::call<server_error>();
    PG_RETURN_VOID();
}

// Rule 4 broken on purpose: the function's own boundary still puts the server's stacks right.
CUSTODY_FUNCTION(test_throw_out_of_pg_try) {
    PG_TRY();
    { throw_through(); }
    PG_CATCH();
    { PG_RE_THROW(); }
    PG_END_TRY();
    PG_RETURN_VOID();
}

// What no boundary can catch, in a child process so that the cluster lives: returns the signal.
CUSTODY_FUNCTION(test_throw_inside_noexcept) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        throw_inside_noexcept();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    PG_RETURN_INT32(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

} // namespace custody::test
