#include "loader/run/verify_table.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "common/protocol.hpp"
#include "loader/copy/hasher.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/retry.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/sql.hpp"
#include "loader/state/transaction.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

void try_verify(Context &context, Worker &worker, const plan::Table &table) {
    auto &target = worker.target();
    failpoint("verify.before_begin");
    state::Transaction transaction(target);
    if (context.migration.table(target, table.id).verdict == protocol::verdict::kEqual)
        return;
    state::Evidence evidence;
    if (context.options.no_verify) {
        evidence.error = "verification was turned off with --no-verify";
    } else {
        if (context.options.no_count)
            evidence.count_turned_off = true;
        else
            evidence.source_count = verify::count_source(worker.source(), table);
        auto scan = verify::scan_target(target, table, context.migration.writers(target, table.id));
        evidence.target_rows = scan.rows;
        evidence.foreign_rows = scan.foreign_rows;
        evidence.target_digests = std::move(scan.digests);
        evidence.generated_wrong = verify::wrong_generated_rows(target, table);
    }
    const auto judgement = context.migration.set_verdict(target, table.id, evidence);
    failpoint("verify.before_commit");
    transaction.commit();
    failpoint("verify.after_commit");
    context.progress.finish(
        context.progress.start(display_name(table), table.estimated_rows, table.bytes),
        judgement.verdict);
    if (judgement.verdict != protocol::verdict::kEqual)
        spdlog::error("{}: {}: {}", display_name(table), judgement.verdict, judgement.reason);
}

} // namespace

void verify_table(Context &context, Worker &worker, const plan::Table &table) {
    Backoff backoff(8);
    for (;;) {
        const double started = report::now();
        try {
            worker.await_dropped_backend();
            try_verify(context, worker, table);
            context.chronicle.span("verify", display_name(table), started);
            return;
        } catch (const pq::SqlError &error) {
            throw_if_stopped();
            if (!error.retryable() || !backoff.wait())
                throw;
            spdlog::warn("verification of {}: {}; trying again", display_name(table), error.what());
            worker.after_failure();
        }
    }
}

std::optional<std::string> recheck_source(Context &context, Worker &worker,
                                          const plan::Table &table) {
    const auto recorded = context.migration.table(worker.target(), table.id);
    auto hasher = copy::make_hasher(table);
    copy::StreamRequest request;
    request.form = table.form;
    request.limiter = &context.limiter;
    plan::Part whole;
    request.out_sql = plan::copy_out(table, whole);
    const auto streamed = copy::stream(worker.source(), nullptr, request, hasher);
    worker.forget_giant_row(streamed.longest_row);
    if (!recorded.source_digests || recorded.source_digests->total() != hasher.buckets().total())
        return fmt::format("the source has changed since it was copied: {} rows then, {} now",
                           recorded.source_rows.value_or(0), streamed.rows);
    context.migration.confirm_table(worker.target(), table.id, context.snapshot_number);
    return std::nullopt;
}

} // namespace custody::run
