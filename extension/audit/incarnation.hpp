// The place where a transaction runs (docs/ledger-format.md, section 2).
#pragma once

#include "common/ledger_hash.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::audit {

struct Incarnation {
    ledger::Hash hash;
    std::int64_t short_name; // as the tables have it
    std::uint64_t system_identifier;
    TimeLineID timeline;
    Oid database;
};

/// Of what this backend writes now; a promoted standby has another one than it had. Plain C-style.
const Incarnation *current_incarnation();

} // namespace custody::audit
