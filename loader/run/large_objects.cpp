#include "loader/run/large_objects.hpp"

#include <map>

#include <fmt/format.h>

#include "common/digest.hpp"
#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/run/retry.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

constexpr const char *kPhase = "large_objects";
constexpr std::int64_t kChunk = 1 << 20;

/// The digest of a large object: one row per chunk of kChunk bytes, its position hashed along.
struct Content {
    std::int64_t bytes = 0;
    digest::Digest digest;

    void add(std::string_view chunk) {
        const std::string framed = fmt::format("{}:", bytes) + std::string(chunk);
        digest.add(digest::hash_bytes(std::as_bytes(std::span(framed))));
        bytes += static_cast<std::int64_t>(chunk.size());
    }
    std::string text() const { return fmt::format("{} bytes {}", bytes, digest.hex()); }
};

std::string chunk_of(pq::Connection &connection, const std::string &oid, std::int64_t offset) {
    const auto row = connection.query(
        "select pg_catalog.encode(pg_catalog.lo_get($1::oid, $2::int8, $3::int4), 'hex')", oid,
        std::to_string(offset), std::to_string(kChunk));
    const auto hex = row.text(0, 0);
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
    return bytes;
}

template <typename Use>
Content read_all(pq::Connection &connection, const std::string &oid, const Use &use) {
    Content content;
    for (;;) {
        throw_if_stopped();
        const auto chunk = chunk_of(connection, oid, content.bytes);
        if (chunk.empty())
            return content;
        use(content.bytes, chunk);
        content.add(chunk);
    }
}

std::string content_of(pq::Connection &connection, const std::string &oid) {
    const auto found =
        connection.query("select from pg_catalog.pg_largeobject_metadata where oid = $1::oid", oid);
    if (found.rows() == 0)
        return "absent";
    return read_all(connection, oid, [](std::int64_t, const std::string &) {}).text();
}

std::string to_hex(std::string_view bytes) {
    std::string hex = "\\x";
    for (const char c : bytes)
        hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex;
}

void fill(Context &context, Worker &worker, int task_id) {
    auto &target = worker.target();
    {
        state::Transaction transaction(target);
        const auto claim = context.migration.claim_task(target, task_id);
        if (!claim)
            return;
        failpoint("large_objects.after_claim");
        const auto &oid = claim->object_name;
        target.query("select pg_catalog.lo_truncate64(pg_catalog.lo_open($1::oid, 131072), 0)",
                     oid);
        const auto source =
            read_all(worker.source(), oid, [&](std::int64_t offset, const std::string &chunk) {
                target.query("select pg_catalog.lo_put($1::oid, $2::int8, $3::bytea)", oid,
                             std::to_string(offset), to_hex(chunk));
            });
        const auto stored = read_all(target, oid, [](std::int64_t, const std::string &) {});
        context.migration.finish_task(target, task_id);
        state::TaskProof proof;
        proof.source_value = source.text();
        proof.target_value = stored.text();
        proof.snapshot = context.snapshot_number;
        context.migration.prove_task(target, task_id, proof);
        failpoint("large_objects.before_commit");
        transaction.commit();
    }
    failpoint("large_objects.after_commit");
}

state::TaskRow task_of(const std::string &oid) {
    state::TaskRow task;
    task.kind = "large_object";
    task.phase = kPhase;
    task.object_type = "LARGE OBJECT";
    task.object_name = oid;
    return task;
}

/// One that was made since the migration was begun: as the dump would have made it.
void make_object(Context &context, pq::Connection &target, const std::string &oid,
                 const std::string &owner, bool granted) {
    target.query("select pg_catalog.lo_create($1::oid)", oid);
    if (!context.options.no_owner)
        target.exec(
            fmt::format("alter large object {} owner to {}", oid, pq::quote_identifier(owner)));
    context.migration.add_tasks(target, std::vector{task_of(oid)});
    context.migration.log(target, granted ? "warning" : "info", "large object " + oid,
                          granted ? "made since the migration was begun: its grants are not moved"
                                  : "made since the migration was begun: moved too");
    if (granted)
        log::warn("large object {} was made since the migration was begun: its grants are not "
                  "moved",
                  oid);
}

void forget_object(Context &context, pq::Connection &target, const state::TaskRow &task) {
    target.query("select pg_catalog.lo_unlink(oid) from pg_catalog.pg_largeobject_metadata "
                 "where oid = $1::oid",
                 task.object_name);
    context.migration.remove_task(target, task.id, "the source has dropped it");
}

} // namespace

std::vector<state::TaskRow> large_object_tasks(pq::Connection &source) {
    const auto objects =
        source.exec("select oid from pg_catalog.pg_largeobject_metadata order by oid");
    std::vector<state::TaskRow> tasks;
    for (int row = 0; row < objects.rows(); ++row)
        tasks.push_back(task_of(objects.str(row, 0)));
    return tasks;
}

void match_large_objects(Context &context, Worker &worker) {
    if (!moves_large_objects(context.options))
        return;
    auto &target = worker.target();
    std::map<std::string, state::TaskRow> known;
    for (auto &task : context.migration.tasks(target))
        if (task.phase == kPhase)
            known.emplace(task.object_name, std::move(task));
    const auto objects =
        worker.source().exec("select oid, pg_catalog.pg_get_userbyid(lomowner), lomacl is not null "
                             "from pg_catalog.pg_largeobject_metadata order by oid");
    state::Transaction transaction(target);
    context.migration.join_run(target);
    for (int row = 0; row < objects.rows(); ++row)
        if (known.erase(objects.str(row, 0)) == 0)
            make_object(context, target, objects.str(row, 0), objects.str(row, 1),
                        objects.boolean(row, 2));
    for (const auto &[oid, task] : known)
        forget_object(context, target, task);
    failpoint("resume.before_large_objects_commit");
    transaction.commit();
    failpoint("resume.after_large_objects");
}

state::TaskProof large_object_proof(Worker &worker, const state::TaskRow &task) {
    state::TaskProof proof;
    proof.source_value = content_of(worker.source(), task.object_name);
    proof.target_value = content_of(worker.target(), task.object_name);
    return proof;
}

state::TaskProof stored_large_object_proof(Worker &worker, const state::TaskRow &task) {
    state::TaskProof proof;
    proof.source_value = task.source_value;
    proof.target_value = content_of(worker.target(), task.object_name);
    return proof;
}

void add_large_objects(Context &context, Scheduler &scheduler,
                       const std::vector<state::TaskRow> &tasks) {
    for (const auto &task : tasks)
        if (task.phase == kPhase && task.state == protocol::task_state::kPending)
            scheduler.add({"large object " + task.object_name,
                           JobClass::copy,
                           0,
                           {},
                           [&context, task](Worker &worker) {
                               with_retry(worker, "large object " + task.object_name,
                                          [&] { fill(context, worker, task.id); });
                           }});
}

} // namespace custody::run
