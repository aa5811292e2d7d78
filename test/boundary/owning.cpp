// Rules 5 and 6: who owns memory and objects, and how a batch is interrupted.
#include "extension/pg/memory.hpp"
#include "test/boundary/probe.hpp"

namespace custody::test {

namespace {

struct alignas(64) Aligned {
    Tracked object;
    std::string text = std::string(1000, 'x');
};

constexpr int kBatch = 1024;
constexpr int kCancelAt = 5000;
int rows_done = 0;

void cancel_myself() { DirectFunctionCall1(pg_cancel_backend, Int32GetDatum(MyProcPid)); }

/// Tells the other session, by an advisory lock, that the batch is under way.
void announce() { DirectFunctionCall1(pg_try_advisory_xact_lock_int8, Int64GetDatum(1)); }

void spin_c_style() {
    announce();
    for (;;) {
        CHECK_FOR_INTERRUPTS();
    }
}

void scan_c_style(int rows) {
    for (rows_done = 0; rows_done < rows; ++rows_done) {
        if (rows_done == kCancelAt) {
            cancel_myself();
        }
        if (rows_done % kBatch == 0) {
            CHECK_FOR_INTERRUPTS();
        }
    }
}

} // namespace

// Belongs to the context of the call: gone with it, whether the call ends or errs.
CUSTODY_FUNCTION(test_owned) {
    auto *object = pg::make_owned<Aligned>(CurrentMemoryContext);
    if (reinterpret_cast<std::uintptr_t>(object) % alignof(Aligned) != 0) {
        throw pg::Error(ERRCODE_INTERNAL_ERROR, "an owned object is not aligned");
    }
    if (PG_GETARG_BOOL(0)) {
        pg::call<server_error>();
    }
    PG_RETURN_INT32(Tracked::live);
}

// Bytes that a loop over rows leaves behind when each row's scratch is reset.
CUSTODY_FUNCTION(test_scratch_growth) {
    pg::TemporaryContext scratch("boundary test scratch");
    const pg::ContextSwitch inside(scratch.get());
    const Size before = MemoryContextMemAllocated(scratch.get(), true);
    for (int row = 0; row < PG_GETARG_INT32(0); ++row) {
        pg::call<palloc>(Size{2000});
        scratch.reset();
    }
    PG_RETURN_INT64(static_cast<int64>(MemoryContextMemAllocated(scratch.get(), true) - before));
}

// pg_cancel_backend of oneself in mid-batch: noticed at the next check, neither before nor later.
CUSTODY_FUNCTION(test_cancel_cpp) {
    Tracked object;
    for (rows_done = 0; rows_done < PG_GETARG_INT32(0); ++rows_done) {
        if (rows_done == kCancelAt) {
            pg::call<cancel_myself>();
        }
        if (rows_done % kBatch == 0) {
            pg::check_for_interrupts();
        }
    }
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_cancel_c_style) {
    Tracked object;
    pg::call<scan_c_style>(PG_GETARG_INT32(0));
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_endless_cpp) {
    Tracked object;
    pg::call<announce>();
    for (;;) {
        pg::check_for_interrupts();
    }
}

CUSTODY_FUNCTION(test_endless_c_style) {
    Tracked object;
    pg::call<spin_c_style>();
    PG_RETURN_VOID();
}

CUSTODY_FUNCTION(test_rows_done) { PG_RETURN_INT32(rows_done); }

// Errors caught in C++ and dropped: only what the guard and the exceptions themselves may leak.
CUSTODY_FUNCTION(test_many_caught) {
    int caught = 0;
    for (int i = 0; i < PG_GETARG_INT32(0); ++i) {
        try {
            Tracked object;
            pg::call<server_error>();
        } catch (const pg::ServerError &) {
            ++caught;
        }
    }
    PG_RETURN_INT32(caught);
}

} // namespace custody::test
