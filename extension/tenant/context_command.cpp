// Plain C-style: called once per command and portal.
#include "extension/tenant/context_command.hpp"

namespace custody::tenant {

CommandKey in_time_key;

namespace {

/// A portal that used a context. Lives in the portal's memory, which takes it off the list.
struct Use {
    Portal portal;
    TimestampTz statement;
    std::uint64_t generation;
    Use *next;
    MemoryContextCallback callback;
};

Use *uses = nullptr;
std::uint64_t generation = 1;

void forget_key() noexcept { in_time_key = CommandKey{}; }

void forget(void *gone) {
    Use **link = &uses;
    while (*link != nullptr && *link != gone) {
        link = &(*link)->next;
    }
    if (*link != nullptr) {
        *link = (*link)->next;
    }
    forget_key();
}

Use *find_or_add(Portal portal) {
    for (Use *use = uses; use != nullptr; use = use->next) {
        if (use->portal == portal) {
            return use;
        }
    }
    auto *use = static_cast<Use *>(MemoryContextAllocZero(portal->portalContext, sizeof(Use)));
    use->portal = portal;
    use->callback.func = forget;
    use->callback.arg = use;
    MemoryContextRegisterResetCallback(portal->portalContext, &use->callback);
    use->next = uses;
    uses = use;
    return use;
}

/// Whether a command that is still running has been found in time: this one is a part of it.
bool is_part_of_command(TimestampTz statement) {
    for (const Use *use = uses; use != nullptr; use = use->next) {
        if (use->generation == generation && use->statement == statement &&
            use->portal->status == PORTAL_ACTIVE) {
            return true;
        }
    }
    return false;
}

} // namespace

bool is_in_time(const Context &context) {
    if (is_same_command()) {
        return true;
    }
    // A worker is a part of a command that its leader began.
    const TimestampTz statement = GetCurrentStatementStartTimestamp();
    const bool in_time = is_part_of_command(statement) ||
                         (IsParallelWorker() ? statement : GetCurrentTimestamp()) < context.expires;
    if (!in_time) {
        return false;
    }
    if (ActivePortal != nullptr) {
        Use *use = find_or_add(ActivePortal);
        use->statement = statement;
        use->generation = generation;
    }
    in_time_key = {ActivePortal, statement};
    return true;
}

std::uint64_t context_generation() noexcept { return generation; }

void context_changed() noexcept {
    ++generation;
    forget_key();
}

void transaction_ended() noexcept { context_changed(); }

} // namespace custody::tenant
