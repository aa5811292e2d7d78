// The tenant context: which organization, user and role the current transaction works for, and
// until when. It lives in the setting custody.context, which only set_current() writes: so it goes
// with the transaction, comes back with savepoints and is there in parallel workers.
// SQL that may not forge it: every other way to set it is refused, to superusers too.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

enum class OrgType : char { kNone = '-', kUuid = 'u', kBigint = 'b', kText = 't' };

/// What a way in has verified. An empty user, role or claims is none.
struct ContextValues {
    OrgType org_type = OrgType::kNone;
    std::vector<std::string> orgs; // none: only the user is known; one: the org; several: all
    std::string user;
    std::string role;
    std::string claims; // text of a jsonb
    std::string way;    // one of the ways below
    TimestampTz expires = 0;
};

inline constexpr char kToken[] = "token";
inline constexpr char kJwt[] = "jwt";
inline constexpr char kMembership[] = "membership";
inline constexpr char kSet[] = "set";
inline constexpr char kBreakGlass[] = "break_glass";

/// The context that is set. Points into the setting's memory: valid until it is set again, left, or
/// the (sub)transaction ends. Text is not terminated.
struct Context {
    OrgType org_type;
    bool is_session;
    bool is_left; // left in this transaction: none, but remembers that there was one
    TimestampTz expires;
    std::uint64_t serial; // of the entry in this backend; entering the same again keeps it
    std::uint32_t org_count;
    const std::string_view *orgs;
    std::string_view user, role, claims, way;
};

/// Makes the values the context of this transaction, or of the session. Throws Error:
/// 55000 where the transaction has, or had, another context (kSet and kBreakGlass may replace one;
/// kMembership may add the org to a context of the same user without one; entering the same again
/// may only move its end); 42501 when it has expired; 22023 for values that make no context; what
/// the type's input function raises. Orgs are brought to canonical form.
void set_current(const ContextValues &values, bool session);

/// Leaves the context; nothing where there is none. Until the end of the transaction, or a rollback
/// of what left it, only kSet and kBreakGlass enter again.
void leave_current();

/// The context, expired or not; nullptr where there is none.
const Context *current() noexcept;

/// For SQL functions: the name of an org type as in messages and in custody.context_info().
const char *org_type_name(OrgType type) noexcept;

/// Registers the setting. Once, from _PG_init.
void init_context();

} // namespace custody::tenant
