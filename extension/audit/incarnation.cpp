// Plain C-style: no local has a destructor.
#include "extension/audit/incarnation.hpp"

#include "common/big_endian.hpp"

namespace custody::audit {

namespace {

Incarnation known;

} // namespace

const Incarnation *current_incarnation() {
    const TimeLineID timeline = custody_writing_timeline();
    if (unlikely(known.timeline != timeline || known.database != MyDatabaseId)) {
        known.system_identifier = GetSystemIdentifier();
        known.hash = ledger::incarnation_hash(known.system_identifier, timeline, MyDatabaseId);
        known.short_name = wire::get_big<std::int64_t>(known.hash.data());
        known.database = MyDatabaseId;
        known.timeline = timeline;
    }
    return &known;
}

} // namespace custody::audit
