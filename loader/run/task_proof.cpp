#include "loader/run/task_proof.hpp"

#include <charconv>

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
    static Position from_text(const std::string &text) {
        Position position;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), position.last_value);
        if (error != std::errc())
            throw Error(Exit::unverified, "source-value-missing",
                        "the migration has not recorded where the source's sequence was");
        position.is_called = end == text.data() + text.size();
        return position;
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

state::TaskProof proof_of(Worker &worker, const state::TaskRow &task, const Position &source) {
    const auto sequence = pq::qualified(task.object_schema, task.object_name);
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

} // namespace

state::TaskProof sequence_proof(Worker &worker, const state::TaskRow &task) {
    return proof_of(
        worker, task,
        read_position(worker.source(), pq::qualified(task.object_schema, task.object_name)));
}

state::TaskProof stored_sequence_proof(Worker &worker, const state::TaskRow &task) {
    return proof_of(worker, task, Position::from_text(task.source_value));
}

void prove_task(Context &context, Worker &worker, const state::TaskRow &task) {
    if (task.kind == "sequence")
        context.migration.prove_task(worker.target(), task.id, sequence_proof(worker, task));
}

} // namespace custody::run
