#include "loader/run/prepare.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/core/failpoint.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/json.hpp"
#include "loader/pq/session.hpp"
#include "loader/preflight/check.hpp"
#include "loader/run/large_objects.hpp"
#include "loader/run/maintenance.hpp"
#include "loader/run/move_ledger.hpp"
#include "loader/run/settings.hpp"
#include "loader/state/lock.hpp"
#include "loader/state/transaction.hpp"

namespace custody::run {
namespace {

constexpr int kSnapshotAttempts = 5;

// As the snapshot sees them: a later TRUNCATE or rewrite shows as another file.
std::vector<copy::Relation> relations_of(pq::Connection &holder, const plan::Plan &plan) {
    std::vector<std::string> oids;
    for (const auto &table : plan.tables) {
        oids.push_back(std::to_string(table.source_oid));
        for (const auto &leaf : table.leaves)
            oids.push_back(std::to_string(leaf.oid));
    }
    const auto rows = holder.query(
        "select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relfilenode "
        "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where c.oid = any ($1::oid[]) order by 1",
        pq::array_literal(oids));
    std::vector<copy::Relation> relations;
    for (int row = 0; row < rows.rows(); ++row)
        relations.push_back({rows.number<std::uint32_t>(row, 0), rows.str(row, 1),
                             rows.number<std::uint32_t>(row, 2)});
    return relations;
}

std::vector<state::TaskRow> all_tasks(const cli::Options &options, const Proposal &proposal,
                                      const std::vector<state::TaskRow> &aside) {
    auto rows = proposal.schema.tasks;
    rows.insert(rows.end(), aside.begin(), aside.end());
    int id = 0;
    int position = 0;
    const auto append = [&](std::vector<state::TaskRow> more) {
        for (const auto &row : rows) {
            id = std::max(id, row.id);
            position = std::max(position, row.position);
        }
        for (auto &row : more) {
            row.id = ++id;
            row.position = ++position;
            rows.push_back(std::move(row));
        }
    };
    if (moves_large_objects(options))
        append(large_object_tasks(proposal.snapshot->holder()));
    append(maintenance_tasks(proposal.plan));
    if (moves_ledger(options, proposal.snapshot->holder()))
        append(ledger_tasks(id + 1));
    return rows;
}

int last_id(const std::vector<state::TaskRow> &tasks) {
    int id = 0;
    for (const auto &task : tasks)
        id = std::max(id, task.id);
    return id;
}

state::MigrationRow describe(const cli::Options &options, const plan::Plan &plan) {
    state::MigrationRow row;
    row.name = options.name;
    row.source = plan.source.description;
    row.source_identity = plan.source.identity;
    row.source_version = plan.source.version;
    row.target_version = plan.target.version;
    row.loader_version = CUSTODY_VERSION;
    row.options = settings_json(options).dump();
    row.plan = plan::to_json(plan).dump();
    nlohmann::json findings = nlohmann::json::array();
    for (const auto &finding : plan.findings)
        findings.push_back(plan::to_json(finding));
    row.findings = findings.dump();
    return row;
}

// On connections of its own: some checks need to be in no transaction.
std::vector<plan::Finding> preflight_findings(const cli::Options &options, const plan::Plan &plan) {
    auto source = pq::Connection::open(options.source, "custody preflight");
    auto target = pq::Connection::open(options.target, "custody preflight");
    pq::pin(source);
    pq::pin(target);
    return preflight::check(source, target, plan, options);
}

} // namespace

std::unique_ptr<copy::Snapshot>
locked_snapshot(const cli::Options &options,
                const std::function<plan::Plan(pq::Connection &)> &make_plan, plan::Plan &plan) {
    std::string changed;
    for (int attempt = 0; attempt < kSnapshotAttempts; ++attempt) {
        throw_if_stopped();
        failpoint("run.before_snapshot");
        auto snapshot = std::make_unique<copy::Snapshot>(options.source, "custody");
        failpoint("run.after_snapshot");
        plan = make_plan(snapshot->holder());
        if (plan.blocked())
            return snapshot; // what blocks may keep from locking, too
        const auto names = snapshot->lock(relations_of(snapshot->holder(), plan));
        if (names.empty()) {
            failpoint("run.after_locks");
            return snapshot;
        }
        changed = names.front();
        log::warn(
            "{} was truncated, rewritten or altered after the snapshot was taken; taking another",
            changed);
    }
    throw Error(Exit::refused, "source-keeps-changing",
                "relations of the source are truncated or rewritten again and again",
                fmt::format("the last one was {}", changed),
                "run when no job on the source truncates, rewrites or vacuums in full");
}

Proposal propose(const cli::Options &options, pq::Connection &target) {
    Proposal proposal;
    proposal.snapshot = locked_snapshot(
        options,
        [&](pq::Connection &holder) {
            auto plan = plan::build(holder, &target, options);
            auto findings = preflight_findings(options, plan);
            plan.findings.insert(plan.findings.end(), findings.begin(), findings.end());
            return plan;
        },
        proposal.plan);
    if (proposal.plan.blocked())
        return proposal;
    auto &plan = proposal.plan;
    auto &source = proposal.snapshot->holder();
    failpoint("schema.before_dump");
    proposal.schema = schema::build(source, target, options, plan, proposal.snapshot->facts().name,
                                    stop_requested);
    failpoint("schema.after_dump");
    plan.findings.insert(plan.findings.end(), proposal.schema.findings.begin(),
                         proposal.schema.findings.end());
    plan.not_moved.insert(plan.not_moved.end(), proposal.schema.not_moved.begin(),
                          proposal.schema.not_moved.end());
    failpoint("schema.after_read");
    if (options.roles && !options.no_schema)
        proposal.roles = schema::missing_roles(source, target, options);
    return proposal;
}

int record_snapshot(pq::Connection &target, const state::Migration &migration,
                    const plan::Plan &plan, const copy::Snapshot &snapshot) {
    state::SnapshotRow row;
    row.name = snapshot.facts().name;
    row.system_identifier = plan.source.identity;
    row.lsn = snapshot.facts().lsn;
    row.xmin_xmax = snapshot.facts().bounds;
    row.taken_at = snapshot.facts().taken_at;
    return migration.add_snapshot(target, row);
}

namespace {

// Of two that begin the same migration at once, the second one waits here for the first.
void require_first(const cli::Options &options, pq::Connection &target) {
    target.exec("lock table custody.migration in share row exclusive mode");
    const auto other = state::Migration::find_open(target, options.name);
    if (!other)
        return;
    if (const auto holder = state::run_holder(target, other->id()))
        throw state::run_in_progress(options.name, *holder);
    throw Error(Exit::refused, "migration-exists",
                fmt::format("an unfinished migration \"{}\" exists already", options.name),
                "it was begun while this run made its plan", "run the same command again");
}

/// Whether the migration exists now, nobody knows when the answer to the COMMIT was lost.
void commit(state::Transaction &transaction) {
    try {
        transaction.commit();
    } catch (const pq::SqlError &error) {
        if (!error.connection_lost())
            throw;
        throw Error(Exit::partial, "commit-unanswered",
                    "the connection was lost while the migration was recorded", error.what(),
                    "run the same command again: it goes on, or begins");
    }
}

} // namespace

Prepared create(const cli::Options &options, pq::Connection &target, Proposal proposal) {
    failpoint("run.before_create");
    state::Transaction transaction(target);
    require_first(options, target);
    if (!proposal.roles.empty()) {
        for (auto &finding : schema::create_roles(target, proposal.roles))
            proposal.plan.findings.push_back(std::move(finding));
        failpoint("roles.after_create");
    }
    const auto migration =
        state::Migration::create(target, describe(options, proposal.plan), proposal.plan.tables);
    const int number = record_snapshot(target, migration, proposal.plan, *proposal.snapshot);
    // Also of tables that are there already and the same: with triggers off, their foreign keys
    // would be believed unchecked.
    const auto aside = schema::set_aside(target, proposal.plan, last_id(proposal.schema.tasks) + 1);
    schema::drop_set_aside(target, aside);
    failpoint("aside.after_drop");
    migration.add_tasks(target, all_tasks(options, proposal, aside.tasks));
    failpoint("run.before_create_commit");
    commit(transaction);
    failpoint("run.after_create");
    return {std::move(proposal.snapshot),
            number,
            std::move(proposal.plan),
            migration.under(number),
            {}};
}

} // namespace custody::run
