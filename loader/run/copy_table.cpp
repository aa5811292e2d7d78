#include "loader/run/copy_table.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/copy/hasher.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/retry.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/audited_load.hpp"
#include "loader/run/retry.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

bool is_whole(const plan::Table &table) { return table.parts.size() == 1; }

bool holds_rows(pq::Connection &target, const plan::Table &table) {
    return target.exec("select exists (select from " + plan::target_rows(table) + ")")
        .boolean(0, 0);
}

// The rows an extension's own script made stay; the user's are told by the condition.
bool holds_config_rows(pq::Connection &target, const plan::Table &table) {
    return target
        .exec("select exists (select from only " + plan::target_relation(table) + " where " +
              table.row_filter + ")")
        .boolean(0, 0);
}

// Nobody can add rows between the look and the copy: the lock is kept to the end of the
// transaction that truncates or writes.
void require_empty(Context &context, pq::Connection &target, const plan::Table &table) {
    target.exec("lock table " + plan::target_rows(table) + " in access exclusive mode");
    const bool occupied =
        table.extension_config ? holds_config_rows(target, table) : holds_rows(target, table);
    if (!occupied)
        return;
    if (!context.options.truncate_target)
        throw Error(Exit::partial, "target-not-empty",
                    fmt::format("target table {} holds rows that this migration did not copy",
                                plan::target_relation(table)),
                    "", "empty the table, or run with --truncate-target");
    context.migration.log(target, "warning", display_name(table),
                          "emptied: --truncate-target was given");
    empty_target(target, table);
}

std::int64_t count(pq::Connection &connection, const std::string &sql) {
    return sql.empty() ? 0 : connection.exec(sql).number(0, 0);
}

/// Returns false when another backend still has the part.
bool try_part(Context &context, Worker &worker, const plan::Table &table, const plan::Part &part) {
    auto &target = worker.target();
    failpoint("part.before_begin");
    state::Transaction transaction(target);
    const auto claim = context.migration.claim_part(target, table.id, part.number);
    if (!claim)
        return context.migration.part(target, table.id, part.number).state ==
               protocol::part_state::kDone;
    failpoint("part.after_claim");
    bool freeze = false;
    if (is_whole(table))
        require_empty(context, target, table);
    const bool audited = begin_load(target, table);
    if (is_whole(table)) {
        // A TRUNCATE of an audited table is an event, and a hold refuses it.
        freeze = plan::can_freeze(table) && !audited;
        if (freeze)
            target.exec("truncate only " + plan::target_relation(table));
    }
    auto lease = worker.source_of(table);
    auto &source = lease.connection();
    auto hasher = copy::make_hasher(table);
    copy::StreamRequest request;
    request.out_sql = plan::copy_out(table, part);
    request.in_sql = plan::copy_in(table, freeze);
    request.form = table.form;
    request.limiter = &context.limiter;
    const auto bar = context.progress.start(display_name(table), table.estimated_rows, table.bytes);
    request.progress = [&](std::uint64_t rows, std::uint64_t bytes) {
        context.progress.add(bar, static_cast<std::int64_t>(rows),
                             static_cast<std::int64_t>(bytes));
    };
    const auto streamed = copy::stream(source, &target, request, hasher);
    context.snapshot.require_unchanged(source, table.source_oid);

    state::PartResult result;
    result.rows = static_cast<std::int64_t>(streamed.rows);
    result.bytes = static_cast<std::int64_t>(streamed.bytes);
    result.digests = hasher.buckets();
    result.snapshot = context.snapshot_number;
    result.lossy_rows = count(source, plan::count_lossy_rows(table, part));
    failpoint("part.before_state");
    context.migration.finish_part(target, *claim, result);
    if (audited)
        record_load(context, target, table.id, part.number);
    if (is_whole(table))
        context.migration.complete_table(target, table.id);
    failpoint("part.before_commit");
    transaction.commit();
    failpoint("part.after_commit");
    worker.forget_giant_row(streamed.longest_row);
    return true;
}

} // namespace

void empty_target(pq::Connection &target, const plan::Table &table) {
    const auto relation = plan::target_relation(table);
    if (table.extension_config) {
        target.exec("delete from only " + relation + " where " + table.row_filter);
        return;
    }
    const auto referenced =
        target.query("select exists (select from pg_catalog.pg_constraint where contype = 'f' and "
                     "confrelid in (select $1::pg_catalog.regclass union select relid from "
                     "pg_catalog.pg_partition_tree($1::pg_catalog.regclass)) and "
                     "conrelid <> confrelid)",
                     relation);
    const bool referenced_now = referenced.boolean(0, 0);
    target.exec((referenced_now ? "delete from " : "truncate ") + plan::target_rows(table));
}

void prepare_table(Context &context, Worker &worker, const plan::Table &table) {
    failpoint("table.before_prepare");
    with_retry(worker, fmt::format("preparing {}", display_name(table)), [&] {
        auto &target = worker.target();
        state::Transaction transaction(target);
        context.migration.join_run(target);
        for (const auto &part : context.migration.parts(target, table.id))
            if (part.state == protocol::part_state::kDone)
                return; // rows of this migration are in it
        require_empty(context, target, table);
        failpoint("table.before_prepare_commit");
        transaction.commit();
    });
    failpoint("table.after_prepare");
}

void copy_part(Context &context, Worker &worker, const plan::Table &table, const plan::Part &part) {
    const auto what = fmt::format("copy of {} part {}", display_name(table), part.number);
    Backoff backoff(8);
    while (!with_retry(worker, what, [&] { return try_part(context, worker, table, part); })) {
        with_retry(worker, what, [&] {
            const auto unit = context.migration.part(worker.target(), table.id, part.number).id;
            state::wait_for_unit(worker.target(), state::part_lock(context.migration.id(), unit),
                                 std::chrono::seconds(2));
        });
        if (!backoff.wait()) {
            throw_if_stopped();
            throw Error(Exit::partial, "part-busy",
                        fmt::format("another backend keeps part {} of {}", part.number,
                                    display_name(table)),
                        "", "end it with pg_terminate_backend and run the same command again");
        }
    }
    if (!is_whole(table)) {
        failpoint("table.before_copied");
        with_retry(worker, what,
                   [&] { context.migration.complete_table(worker.target(), table.id); });
        failpoint("table.after_copied");
    }
}

} // namespace custody::run
