#include "loader/run/task_proof.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"

namespace custody::run {
namespace {

struct Position {
    std::int64_t last_value = 0;
    bool is_called = false;

    std::string text() const {
        return fmt::format("{}{}", last_value, is_called ? "" : " (not called)");
    }
    /// Whether the other's nextval() would give a number that this one's has passed already.
    bool ahead_of(const Position &other, bool descending) const {
        if (last_value != other.last_value)
            return (last_value > other.last_value) != descending;
        return is_called && !other.is_called;
    }
};

Position read_position(pq::Connection &connection, const std::string &sequence) {
    const auto row = connection.exec("select last_value, is_called from " + sequence);
    return {row.number(0, 0), row.boolean(0, 1)};
}

} // namespace

state::TaskProof sequence_proof(Worker &worker, const state::TaskRow &task) {
    const auto sequence = pq::qualified(task.object_schema, task.object_name);
    const auto source = read_position(worker.source(), sequence);
    const auto target = read_position(worker.target(), sequence);
    const auto definition = worker.target().query("select seqincrement < 0, seqcycle "
                                                  "from pg_catalog.pg_sequence "
                                                  "where seqrelid = $1::pg_catalog.regclass",
                                                  sequence);
    state::TaskProof proof;
    proof.source_value = source.text();
    proof.target_value = target.text();
    if (!definition.boolean(0, 1) && target.ahead_of(source, definition.boolean(0, 0)))
        proof.reason = std::string(protocol::kAhead) +
                       ": the target's sequence had already gone further than the source's";
    return proof;
}

void prove_task(Context &context, Worker &worker, const state::TaskRow &task) {
    if (task.kind == "sequence")
        context.migration.prove_task(worker.target(), task.id, sequence_proof(worker, task));
}

} // namespace custody::run
