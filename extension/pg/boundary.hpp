// The boundary between C++ and the server. Its rules have their tests in test/boundary.
//
// 1. A SQL-callable function. The body is C++ and may throw anything; fcinfo is in scope, so the
//    PG_GETARG and PG_RETURN macros work. The C symbol has the name given:
//        CUSTODY_FUNCTION(custody_encoding_version) { PG_RETURN_INT32(kEncodingVersion); }
//
// 2. A server call that can ereport, from code that has objects with destructors alive:
//        Relation rel = pg::call<table_open>(oid, AccessShareLock);
//    What is called is a named function, never a lambda with captures; arguments and result are
//    trivially destructible (static_assert). Macros, and several calls at once, are wrapped in a
//    function that is plain C-style: it may call the server directly, but has no local with a
//    destructor, because an ERROR jumps over it. An ERROR becomes pg::ServerError here.
//        static void scan(ScanState *state) { while (table_scan_getnextslot(...)) ... }
//        ...
//        pg::call<scan>(&state);   // one guard for the whole loop; state may own C++ objects
//    What scan() throws as C++ passes the guard unharmed, provided no server frame lies between.
//
// 3. An error from C++: throw pg::Error(...) (errors.hpp). From C-style code: pg::raise(...).
//
// 4. A body that is plain C-style itself (hot functions) needs no guard at all: CUSTODY_FUNCTION
//    lets an ERROR jump over it. Such a file says "plain C-style" in its first comment, and the
//    symbol check then demands that it has nothing to unwind. CUSTODY_HOT_FUNCTION, for such files
//    only, saves what catching costs.
//
// 5. In loops: pg::check_for_interrupts() once per batch in C++, CHECK_FOR_INTERRUPTS() in C-style.
//
// Callbacks that the server calls (reset callbacks, hooks) never let an exception out: either
// their code cannot throw, or they go through enter() like a function.
#pragma once

#include "extension/pg/errors.hpp"
#include "extension/pg/postgres.hpp"

#define CUSTODY_FUNCTION(name)                                                                     \
    static Datum name##_body(FunctionCallInfo fcinfo);                                             \
    extern "C" {                                                                                   \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); /* before 16 the next line does not export it */     \
    PG_FUNCTION_INFO_V1(name);                                                                     \
    Datum name(PG_FUNCTION_ARGS) { return ::custody::pg::enter(name##_body, fcinfo); }             \
    }                                                                                              \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)

/// The same for a hot function of a plain C-style file: no exception can come, so none is caught.
#define CUSTODY_HOT_FUNCTION(name)                                                                 \
    extern "C" {                                                                                   \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                      \
    PG_FUNCTION_INFO_V1(name);                                                                     \
    }                                                                                              \
    Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

/// What runs once when the server loads the library; plain C-style, may ereport.
#define CUSTODY_ON_LOAD                                                                            \
    extern "C" {                                                                                   \
    PGDLLEXPORT void _PG_init(void);                                                               \
    }                                                                                              \
    void _PG_init(void)

/// The main function of a background worker, which the server finds by its name; plain C-style, may
/// ereport.
#define CUSTODY_WORKER(name)                                                                       \
    extern "C" {                                                                                   \
    PGDLLEXPORT void name(Datum argument);                                                         \
    }                                                                                              \
    void name([[maybe_unused]] Datum argument)

namespace custody::pg {

/// Runs a body and turns every exception into the server's ERROR, outside the catch block.
Datum enter(Datum (*body)(FunctionCallInfo), FunctionCallInfo fcinfo);

/// The guard's core: calls `thunk(frame)`. False: an ERROR was raised inside and is pending on the
/// server's error stack. The memory context (then), the exception stack and the error context
/// stack (always) are the caller's again.
bool try_guarded(void (*thunk)(void *), void *frame);
/// The same, with the ERROR taken over and thrown as ServerError.
void run_guarded(void (*thunk)(void *), void *frame);

namespace detail {

template <typename T>
inline constexpr bool kJumpSafe = std::is_void_v<T> || (std::is_trivially_destructible_v<T> &&
                                                        std::is_trivially_copyable_v<T>);

template <auto Function, typename Result, typename... Params> struct Guarded {
    static_assert((kJumpSafe<Params> && ...), "an argument of a guarded call has a destructor");
    static_assert(kJumpSafe<Result>, "the result of a guarded call has a destructor");

    static Result call(Params... params) {
        if constexpr (std::is_void_v<Result>) {
            std::tuple<Params...> frame{params...};
            run_guarded([](void *p) { std::apply(Function, *static_cast<decltype(frame) *>(p)); },
                        &frame);
        } else {
            struct Frame {
                std::tuple<Params...> params;
                Result result;
            } frame{std::tuple<Params...>{params...}, Result{}};
            run_guarded(
                [](void *p) {
                    auto *f = static_cast<Frame *>(p);
                    f->result = std::apply(Function, f->params);
                },
                &frame);
            return frame.result;
        }
    }
};

template <auto Function, typename Type> struct Signature;
template <auto Function, typename R, typename... P>
struct Signature<Function, R (*)(P...)> : Guarded<Function, R, P...> {};
template <auto Function, typename R, typename... P>
struct Signature<Function, R (*)(P...) noexcept> : Guarded<Function, R, P...> {};

} // namespace detail

/// Calls the named function under the guard. Arguments convert as in a plain call.
template <auto Function, typename... Args> auto call(Args... args) {
    static_assert(std::is_function_v<std::remove_pointer_t<decltype(Function)>>,
                  "a guarded call takes a named function");
    return detail::Signature<Function, decltype(Function)>::call(args...);
}

/// The interrupt check for C++ code: a test of one flag unless something is pending.
void process_interrupts();
inline void check_for_interrupts() {
    if (InterruptPending) [[unlikely]] {
        process_interrupts();
    }
}

} // namespace custody::pg
