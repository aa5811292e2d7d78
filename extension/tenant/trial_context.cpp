#include "extension/tenant/trial_context.hpp"

#include "extension/tenant/context.hpp"

namespace custody::tenant {

bool enter_trial_context(Oid org_type, const char *org, char *error, std::size_t size) noexcept {
    try {
        if (org == nullptr) {
            leave_current();
            return true;
        }
        ContextValues values;
        values.org_type = org_type == UUIDOID   ? OrgType::kUuid
                          : org_type == INT8OID ? OrgType::kBigint
                                                : OrgType::kText;
        values.orgs.emplace_back(org);
        values.user = "custody proof";
        values.way = kSet;
        values.expires = GetCurrentTimestamp() + 5 * USECS_PER_MINUTE;
        set_current(values, false);
        return true;
    } catch (const std::exception &failure) {
        strlcpy(error, failure.what(), size);
        return false;
    } catch (...) {
        strlcpy(error, "unknown exception in custody", size);
        return false;
    }
}

} // namespace custody::tenant
