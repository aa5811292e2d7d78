// Plain C-style: hooks that the server calls, also while it aborts.
#include "extension/tenant/context_setting.hpp"

#include "extension/tenant/context_command.hpp"
#include "extension/tenant/context_value.hpp"

namespace custody::tenant {

namespace {

char *text = nullptr; // the server's; never read
const Context *set = nullptr;
bool open = false;
bool dropped = false;

// A value comes from the setter, or from the leader whose setter it was. Whatever else sets it is
// refused, superusers included: a function of theirs may run what an application gave it.
bool check(char **value, void **extra, GucSource) {
    if (*value == nullptr || **value == '\0') {
        return true;
    }
    if (!open && !InitializingParallelWorker) {
        GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
        GUC_check_errmsg("parameter \"custody.context\" cannot be set");
        GUC_check_errdetail("Only the functions that verify a context set it.");
        GUC_check_errhint("call custody.enter()");
        return false;
    }
    *extra = const_cast<Context *>(decode_context(*value));
    return *extra != nullptr;
}

void assign(const char *, void *extra) {
    // Within a transaction, outside of its ends and of a savepoint's, and not by the setter: RESET.
    if (!open && extra == nullptr && set != nullptr && IsTransactionState()) {
        dropped = true;
    }
    set = static_cast<const Context *>(extra);
    context_changed();
}

void at_transaction_end(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
    case XACT_EVENT_PREPARE:
        dropped = false;
        transaction_ended();
        break;
    default:
        break;
    }
}

} // namespace

SettingDoor::SettingDoor() noexcept { open = true; }
SettingDoor::~SettingDoor() { open = false; }

const Context *setting() noexcept { return set; }
const Context *current() noexcept { return set == nullptr || set->is_left ? nullptr : set; }
bool was_dropped() noexcept { return dropped; }

void init_context() {
    DefineCustomStringVariable(
        "custody.context", "The verified tenant context.",
        "Only custody's own functions set it; it can be reset, which leaves no context.", &text, "",
        PGC_SUSET, GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
        check, assign, nullptr);
    watch_portals();
    RegisterXactCallback(at_transaction_end, nullptr);
}

} // namespace custody::tenant
