#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/schema/schema.hpp"

namespace custody::schema {
namespace {

struct Position {
    std::int64_t last = 0;
    bool called = false;

    std::string text() const {
        return fmt::format("{}, {}", last, called ? "called" : "not called");
    }
};

Position read(pq::Connection &connection, const std::string &sql) {
    const auto result = connection.exec(sql);
    return {result.number(0, 0), result.boolean(0, 1)};
}

/// Whether `a` would hand out a number that lies before the next one of `b`.
bool behind(const Position &a, const Position &b, bool descending) {
    if (a.last != b.last)
        return (a.last < b.last) != descending;
    return !a.called && b.called;
}

} // namespace

state::TaskProof set_sequence(pq::Connection &source, pq::Connection &target,
                              const state::TaskRow &task) {
    const auto name = pq::qualified(task.object_schema, task.object_name);
    const auto read_target = fmt::format("SELECT last_value, is_called FROM {}", name);
    const auto there = read(source, task.sql);
    auto here = read(target, read_target);
    const auto definition =
        target.query("SELECT seqincrement < 0, seqcycle, seqstart FROM pg_catalog.pg_sequence "
                     "WHERE seqrelid = $1::pg_catalog.regclass",
                     name);
    const bool descending = definition.boolean(0, 0);
    const bool cycles = definition.boolean(0, 1); // then nothing is ahead of anything
    const bool untouched = !here.called && here.last == definition.number(0, 2);
    if (cycles || untouched || behind(here, there, descending)) {
        target.query("SELECT pg_catalog.setval($1::pg_catalog.regclass, $2::bigint, $3::boolean)",
                     name, std::to_string(there.last), std::string(there.called ? "t" : "f"));
        here = read(target, read_target);
    }
    state::TaskProof proof;
    proof.source_value = there.text();
    proof.target_value = here.text();
    if (!cycles && behind(there, here, descending))
        proof.reason = std::string(protocol::kAhead);
    return proof;
}

} // namespace custody::schema
