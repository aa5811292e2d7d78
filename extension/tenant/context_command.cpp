// Plain C-style: called once per command and portal.
#include "extension/tenant/context_command.hpp"

#include "extension/tenant/context_accessors.hpp"

namespace custody::tenant {

namespace {

// No portal's address, and not the null of a process that has none.
Portal const kNoPortal = reinterpret_cast<Portal>(static_cast<std::uintptr_t>(1));

} // namespace

Made made{kNoPortal, 0, {}};

namespace {

/// A portal that used a context. Lives in the portal's memory, which takes it off the list.
struct Use {
    Portal portal;
    TimestampTz statement;
    std::uint64_t generation;
    std::uint64_t serial; // of the first context; 0 when there were several
    Use *next;
    MemoryContextCallback callback;
};

Use *uses = nullptr;
std::uint64_t generation = 1;
std::uint64_t noted = 0; // how often a use was
ExecutorRun_hook_type next_run = nullptr;

void forget_command() noexcept { made.portal = kNoPortal; }

void forget(void *gone) {
    Use **link = &uses;
    while (*link != nullptr && *link != gone) {
        link = &(*link)->next;
    }
    if (*link != nullptr) {
        *link = (*link)->next;
    }
    forget_command();
}

Use *find(Portal portal) {
    Use *use = uses;
    while (use != nullptr && use->portal != portal) {
        use = use->next;
    }
    return use;
}

Use *add(Portal portal, const Context &context) {
    auto *use = static_cast<Use *>(MemoryContextAllocZero(portal->portalContext, sizeof(Use)));
    use->portal = portal;
    use->serial = context.serial;
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

void note_use(Portal portal, const Context &context, TimestampTz statement) {
    Use *use = find(portal);
    if (use == nullptr) {
        use = add(portal, context);
    }
    if (use->serial != context.serial) {
        use->serial = 0;
    }
    use->statement = statement;
    use->generation = generation;
    ++noted;
}

std::uint64_t current_serial() {
    const Context *context = current();
    return context == nullptr ? 0 : context->serial;
}

/// An index scan has its key, a sort its rows: the plan may not ask for the context any more.
void check_portal(const Use &use) {
    const Context &context = required_context();
    if (use.serial != context.serial) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE, "cursor was opened in another tenant context",
                  "What it has read already is of that context.", "open it again");
    }
}

/// Its rows would stay with the connection, for whoever uses that next. A loop of a procedure that
/// commits is pinned: nobody else can name it.
void check_hold(Portal portal) {
    if (portal->holdStore != nullptr && !portal->portalPinned && find(portal) != nullptr) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  "cursor WITH HOLD cannot keep rows of a tenant context",
                  psprintf("Cursor \"%s\" would outlive the transaction.", portal->name),
                  "fetch all rows within the transaction");
    }
}

/// What functions of a query read in portals of their own is among its rows. Not where they go from
/// one context to another: those are contexts of theirs.
void adopt_uses(Portal portal, std::uint64_t noted_before, std::uint64_t serial_before) {
    if (noted != noted_before && serial_before != 0 && serial_before == current_serial() &&
        find(portal) == nullptr) {
        note_use(portal, *current(), GetCurrentStatementStartTimestamp());
    }
}

void run(CUSTODY_RUN_PARAMETERS) {
    const Portal portal = ActivePortal;
    const bool is_own = portal != nullptr && portal->queryDesc == query;
    const std::uint64_t noted_before = noted;
    const std::uint64_t serial_before = current_serial();
    if (is_own) {
        forget_command();
        if (const Use *use = find(portal)) {
            check_portal(*use);
        }
    }
    (next_run != nullptr ? next_run : standard_ExecutorRun)(CUSTODY_RUN_ARGUMENTS);
    if (is_own) {
        adopt_uses(portal, noted_before, serial_before);
        check_hold(portal);
    }
}

} // namespace

bool is_in_time(const Context &context) {
    if (made.portal == ActivePortal) {
        return true;
    }
    // A worker is a part of a command that its leader began.
    const TimestampTz statement = GetCurrentStatementStartTimestamp();
    const bool in_time = is_part_of_command(statement) ||
                         (IsParallelWorker() ? statement : GetCurrentTimestamp()) < context.expires;
    if (!in_time) {
        return false;
    }
    // Without a portal, as when a query is planned, nothing tells where the command ends; but a
    // worker has one only.
    if (ActivePortal != nullptr) {
        note_use(ActivePortal, context, statement);
    }
    if (ActivePortal != nullptr || IsParallelWorker()) {
        made.portal = ActivePortal;
    }
    return true;
}

void watch_portals() {
    next_run = ExecutorRun_hook;
    ExecutorRun_hook = run;
}

void context_changed() noexcept {
    ++generation;
    made.have = 0;
    forget_command();
}

void transaction_ended() noexcept { context_changed(); }

} // namespace custody::tenant
