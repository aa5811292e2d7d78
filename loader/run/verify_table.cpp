#include "loader/run/verify_table.hpp"
#include "loader/core/log.hpp"

#include <functional>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/copy/hasher.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/sql.hpp"
#include "loader/run/retry.hpp"
#include "loader/state/transaction.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

std::int64_t count_source(Context &context, Worker &worker, const plan::Table &table) {
    auto lease = worker.source_of(table);
    const auto rows = verify::count_source(lease.connection(), table);
    context.snapshot.require_unchanged(lease.connection(), table.source_oid);
    return rows;
}

void judge_and_store(Context &context, Worker &worker, const plan::Table &table,
                     const state::Evidence &evidence) {
    const auto judgement = context.migration.set_verdict(worker.target(), table.id, evidence);
    context.progress.finish(
        context.progress.start(display_name(table), table.estimated_rows, table.bytes),
        judgement.verdict);
    if (judgement.verdict != protocol::verdict::kEqual)
        log::error("{}: {}: {}", display_name(table), judgement.verdict, judgement.reason);
}

enum class When { unless_equal, always };

void try_verify(Context &context, Worker &worker, const plan::Table &table, When when,
                state::Evidence evidence) {
    auto &target = worker.target();
    failpoint("verify.before_begin");
    state::Transaction transaction(target);
    context.migration.join_run(target);
    if (when == When::unless_equal &&
        context.migration.table(target, table.id).verdict == protocol::verdict::kEqual)
        return;
    if (context.options.no_verify) {
        evidence.error = "verification was turned off with --no-verify";
    } else {
        if (context.options.no_count)
            evidence.count_turned_off = true;
        else
            evidence.source_count = count_source(context, worker, table);
        auto scan = verify::scan_target(target, table, context.migration.writers(target, table.id));
        evidence.target_rows = scan.rows;
        evidence.foreign_rows = scan.foreign_rows;
        evidence.target_digests = std::move(scan.digests);
        evidence.generated_wrong = verify::wrong_generated_rows(target, table);
    }
    judge_and_store(context, worker, table, evidence);
    failpoint("verify.before_commit");
    transaction.commit();
    failpoint("verify.after_commit");
}

/// Nothing is known of the rows: not the end of the run, but never a success either.
void store_error(Context &context, Worker &worker, const plan::Table &table,
                 const std::string &error) {
    worker.after_failure();
    state::Evidence evidence;
    evidence.error = "the verification failed: " + error;
    judge_and_store(context, worker, table, evidence);
}

void verify_with_retries(Context &context, Worker &worker, const plan::Table &table,
                         const std::function<void()> &attempt) {
    const double started = report::now();
    try {
        with_retry(worker, fmt::format("verification of {}", display_name(table)), attempt);
        context.chronicle.span("verify", display_name(table), started);
    } catch (const pq::SqlError &error) {
        throw_if_stopped();
        if (error.retryable())
            throw;
        store_error(context, worker, table, error.what());
    } catch (const Error &error) {
        if (error.code() != "gave-up")
            throw;
        store_error(context, worker, table, error.what());
    }
}

std::optional<std::string> try_recheck(Context &context, Worker &worker, const plan::Table &table) {
    const auto recorded = context.migration.table(worker.target(), table.id);
    auto hasher = copy::make_hasher(table);
    copy::StreamRequest request;
    request.form = table.form;
    request.limiter = &context.limiter;
    plan::Part whole;
    request.out_sql = plan::copy_out(table, whole);
    copy::StreamResult streamed;
    {
        auto lease = worker.source_of(table);
        streamed = copy::stream(lease.connection(), nullptr, request, hasher);
        context.snapshot.require_unchanged(lease.connection(), table.source_oid);
    }
    worker.forget_giant_row(streamed.longest_row);
    const auto rows = static_cast<std::uint64_t>(recorded.source_rows.value_or(0));
    if (!recorded.source_digests || recorded.source_digests->total() != hasher.buckets().total())
        return rows == streamed.rows
                   ? fmt::format("the source has changed since it was copied: {} rows as then, "
                                 "but not the same",
                                 rows)
                   : fmt::format("the source has changed since it was copied: {} rows then, {} now",
                                 rows, streamed.rows);
    if (verify::lossy_rows(worker.source_of(table).connection(), table) !=
        recorded.lossy_rows.value_or(0))
        return "another number of the source's rows does not survive a cast now";
    failpoint("resume.before_confirm");
    context.migration.confirm_table(worker.target(), table.id, context.snapshot_number);
    failpoint("resume.after_confirm");
    return std::nullopt;
}

} // namespace

std::optional<std::string> recheck_source(Context &context, Worker &worker,
                                          const plan::Table &table) {
    return with_retry(worker, fmt::format("comparison of {} with its source", display_name(table)),
                      [&] { return try_recheck(context, worker, table); });
}

void verify_table(Context &context, Worker &worker, const plan::Table &table) {
    const auto when = context.resumed ? When::always : When::unless_equal;
    verify_with_retries(context, worker, table,
                        [&] { try_verify(context, worker, table, when, {}); });
}

void compare_again(Context &context, Worker &worker, const plan::Table &table) {
    verify_with_retries(context, worker, table, [&] {
        state::Evidence evidence;
        evidence.source_changed = recheck_source(context, worker, table).value_or("");
        try_verify(context, worker, table, When::always, std::move(evidence));
    });
}

} // namespace custody::run
