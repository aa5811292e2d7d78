// The bytes of the three parts of an event's context, kept from one statement to the next while
// what they tell stays the same. Plain C-style; the bytes belong to the backend.
#pragma once

#include "extension/digest/row_buffer.hpp"
#include "extension/tenant/context.hpp"

namespace custody::audit {

/// What the parts are made of. Equal surroundings have equal parts.
struct Surroundings {
    Oid session_user;
    Oid outer_user;
    Oid current_user;
    RepOriginId origin;
    bool with_query;
    const tenant::Context *tenant; // valid and not expired, or nullptr
    std::uint64_t tenant_serial;   // 0 without
    const char *query;             // nullptr: unknown
    TimestampTz statement;         // a pointer may come again with the next one
    const char *application;
};

Surroundings current_surroundings(bool with_query);
inline bool same_surroundings(const Surroundings *a, const Surroundings *b) {
    return a->session_user == b->session_user && a->outer_user == b->outer_user &&
           a->current_user == b->current_user && a->origin == b->origin &&
           a->with_query == b->with_query && a->tenant_serial == b->tenant_serial &&
           a->query == b->query && a->statement == b->statement && a->application == b->application;
}

/// The three parts, valid until the next call.
struct ContextParts {
    const digest::RowBuffer *part[3];
};
ContextParts context_parts(const Surroundings *now);

/// Registers what tells of renamed roles. Once, from _PG_init.
void watch_roles();

} // namespace custody::audit
