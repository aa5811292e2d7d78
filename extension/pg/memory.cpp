#include "extension/pg/memory.hpp"

namespace custody::pg {

namespace {

MemoryContext create_context(MemoryContext parent, const char *name) {
    return AllocSetContextCreateInternal(parent, name, ALLOCSET_DEFAULT_SIZES);
}

void register_owner(MemoryContext context, void *object, void (*destroy)(void *)) {
    auto *callback = static_cast<MemoryContextCallback *>(
        MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    callback->func = destroy;
    callback->arg = object;
    MemoryContextRegisterResetCallback(context, callback);
}

} // namespace

TemporaryContext::TemporaryContext(const char *name, MemoryContext parent)
    : context_(call<create_context>(parent, name)) {}

void own(MemoryContext context, void *object, void (*destroy)(void *)) {
    call<register_owner>(context, object, destroy);
}

} // namespace custody::pg
