// custody.probe_step(); plain C-style.
#include "extension/tenant/probe_step.hpp"

namespace custody::tenant {

namespace {

ProbeSteps steps;

}

ProbeSteps &probe_steps() noexcept { return steps; }

CUSTODY_FUNCTION(custody_probe_step) {
    if (!steps.active) {
        PG_RETURN_BOOL(false);
    }
    ++steps.met;
    if (steps.met > steps.limit) {
        pg::raise(ERRCODE_RAISE_EXCEPTION, "the statement met a row more than it may");
    }
    PG_RETURN_BOOL(steps.takes_first && steps.met == 1);
}

} // namespace custody::tenant
