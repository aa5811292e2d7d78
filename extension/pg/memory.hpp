// Memory contexts seen from C++: who owns what, and until when.
// A C++ object that must outlive a call (an aggregate's state, a cache) belongs to a memory
// context: make_owned() lets the context's reset callback delete it, so that an ERROR anywhere
// frees it. Scratch memory of a loop lives in a TemporaryContext that is reset per row or batch.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::pg {

/// Makes a context the current one until the end of the scope. Never fails.
class ContextSwitch {
  public:
    explicit ContextSwitch(MemoryContext context) noexcept
        : previous_(MemoryContextSwitchTo(context)) {}
    ~ContextSwitch() { MemoryContextSwitchTo(previous_); }
    ContextSwitch(const ContextSwitch &) = delete;
    ContextSwitch &operator=(const ContextSwitch &) = delete;

  private:
    MemoryContext previous_;
};

/// A context that is deleted with the scope; not the current one unless switched to.
class TemporaryContext {
  public:
    /// `name` is a string constant: the server keeps the pointer.
    explicit TemporaryContext(const char *name, MemoryContext parent = CurrentMemoryContext);
    ~TemporaryContext() { MemoryContextDelete(context_); }
    TemporaryContext(const TemporaryContext &) = delete;
    TemporaryContext &operator=(const TemporaryContext &) = delete;

    MemoryContext get() const noexcept { return context_; }
    void reset() noexcept { MemoryContextReset(context_); }

  private:
    MemoryContext context_;
};

/// Lets `context` call destroy(object) when it is reset or deleted. `destroy` neither throws nor
/// calls anything of the server that can ereport.
void own(MemoryContext context, void *object, void (*destroy)(void *));

/// Makes a T on the C++ heap (so that any alignment is kept) and gives it to `context`.
template <typename T, typename... Args> T *make_owned(MemoryContext context, Args &&...args) {
    static_assert(std::is_nothrow_destructible_v<T>);
    auto object = std::make_unique<T>(std::forward<Args>(args)...);
    own(context, object.get(), [](void *pointer) { delete static_cast<T *>(pointer); });
    return object.release();
}

} // namespace custody::pg
