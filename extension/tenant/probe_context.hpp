// The contexts in which the prober attacks.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

struct ProbeContext {
    std::optional<std::string> org, org_type;
    std::string how; // org, expired or none
    std::optional<std::string>
        enter; // statement with $1 for the org, in place of custody's context
};

/// Enters the context, with `org` in place of its own unless nullptr. Throws like set_current().
/// Needs an SPI connection where there is a statement.
void enter_probe_context(const ProbeContext *context, const char *org);

} // namespace custody::tenant
