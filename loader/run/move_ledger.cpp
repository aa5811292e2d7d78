#include "loader/run/move_ledger.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/copy/hasher.hpp"
#include "loader/copy/stream.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/plan/build.hpp"
#include "loader/plan/selection.hpp"
#include "loader/plan/sql.hpp"
#include "loader/pq/session.hpp"
#include "loader/verify/table_check.hpp"

namespace custody::run {
namespace {

constexpr const char *kPhase = "ledger";

// Not by to_regclass(), which fails for a role without USAGE on the schema.
constexpr const char *kHasLedger =
    "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n "
    "on n.oid = c.relnamespace where n.nspname = 'custody_ledger' and c.relname = 'ledger')";

// The default partitions are there whatever the ledger; bounds as the server prints them.
constexpr const char *kPartitions = R"(
select l.period, l.options, (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('parent', p.relname,
               'lower', b.bound[1], 'upper', b.bound[2])), '[]')
      from pg_catalog.pg_inherits i
      join pg_catalog.pg_class p on p.oid = i.inhparent
      join pg_catalog.pg_class c on c.oid = i.inhrelid
     cross join lateral pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid),
               'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') as b (bound)
     where p.oid in ('custody_ledger.event'::pg_catalog.regclass,
                     'custody_ledger.tx'::pg_catalog.regclass) and b.bound is not null)
  from custody_ledger.ledger l)";

// $1: only these incarnations. What note_ledger_moved() wrote alone in its transaction is left out:
// nothing else makes an event of no table whose text begins a member so, outside of a string.
constexpr const char *kTransactions = R"sql(
select coalesce(pg_catalog.array_agg(r.incarnation), '{}')::pg_catalog.text,
       coalesce(pg_catalog.string_agg(pg_catalog.format('%s of incarnation %s', r.count, r.incarnation),
                                      ', ' order by r.incarnation), 'none'),
       coalesce(sum(r.count), 0)::pg_catalog.int8
  from (select t.incarnation, count(*) - coalesce((
            select count(*) from custody_ledger.event e join custody_ledger.tx n
                on n.at = e.at and n.xid = e.xid and n.incarnation = e.incarnation
             where e.incarnation = t.incarnation and e.op = 'S' and e.tbl = 0 and n.events = 1
               and pg_catalog."position"(e.new, '"moved_to": {'::pg_catalog.bytea) > 0), 0) as count
          from custody_ledger.tx t
         where $1::pg_catalog.int8[] is null or t.incarnation = any ($1::pg_catalog.int8[])
         group by t.incarnation) r
 where r.count > 0)sql";

void require_rest_proven(Context &context, pq::Connection &target) {
    for (const auto &object : context.migration.unproven(target))
        if (object.object_type != "LEDGER")
            throw Error(Exit::partial, "ledger-too-early",
                        "the ledger is moved when all else is done and equal",
                        fmt::format("{} {}: {}", object.object_type, object.object, object.reason),
                        "mend what is not, then run the same command again");
}

void receive(pq::Connection &source, pq::Connection &target) {
    const auto ledger = source.exec(kPartitions);
    if (ledger.rows() != 1)
        throw Error(Exit::partial, "ledger-damaged", "the source's ledger has no row of its own",
                    "custody_ledger.ledger is empty", "verify the source's ledger");
    target.query("select custody.receive_ledger($1, $2, $3)", ledger.str(0, 0), ledger.str(0, 1),
                 ledger.str(0, 2));
}

struct Sum {
    std::int64_t rows = 0;
    digest::Digest digest;

    void add(const digest::BucketSet &buckets) {
        rows += static_cast<std::int64_t>(buckets.total().rows);
        digest += buckets.total();
    }
};

void copy_rows(Context &context, pq::Connection &source, pq::Connection &target,
               const plan::Table &table, Sum &there, Sum &here) {
    auto hasher = copy::make_hasher(table);
    copy::StreamRequest request;
    request.out_sql = plan::copy_out(table, plan::Part{});
    request.in_sql = plan::copy_in(table, false);
    request.form = table.form;
    request.limiter = &context.limiter;
    copy::stream(source, &target, request, hasher);
    const auto streamed = hasher.buckets();
    const auto scanned = verify::scan_target(target, table, {}, verify::Locking::none);
    if (!(streamed == scanned.digests))
        throw Error(Exit::partial, "ledger-different",
                    fmt::format("{} is not what came from the source", display_name(table)),
                    fmt::format("{} rows came, {} are stored", streamed.total().rows, scanned.rows),
                    "run the same command again; look for triggers on the target's ledger");
    there.add(streamed);
    here.add(scanned.digests);
}

std::string try_seal(pq::Connection &connection) {
    connection.exec("select custody.seal()");
    const auto digest = connection.exec("select custody.ledger_digest()::pg_catalog.text");
    return digest.is_null(0, 0) ? "" : digest.str(0, 0);
}

std::string named(const std::string &digest) {
    if (digest.empty())
        return "none";
    const auto json = parse_json(digest);
    return fmt::format("{} {}", json.at("block").dump(), json.at("hash").get<std::string>());
}

} // namespace

bool moves_ledger(const cli::Options &options, pq::Connection &source) {
    return plan::Selection(options).everything() && !options.no_schema &&
           source.exec(kHasLedger).boolean(0, 0);
}

std::vector<state::TaskRow> ledger_tasks(int first_id) {
    state::TaskRow move;
    move.id = first_id;
    move.kind = "ledger";
    move.phase = kPhase;
    move.object_type = "LEDGER";
    move.object_name = "custody_ledger";
    auto anchor = move;
    anchor.id = first_id + 1;
    anchor.kind = "ledger_anchor";
    anchor.depends = {first_id};
    return {move, anchor};
}

void seal_source(const cli::Options &options) {
    try {
        auto source = pq::Connection::open(options.source, "custody seal", "source");
        pq::pin(source); // a seal is read committed, whatever the source's default
        if (!moves_ledger(options, source))
            return;
        log::info("the source's ledger is sealed: block {}", named(try_seal(source)));
    } catch (const pq::SqlError &error) {
        log::warn("the source's ledger was not sealed before the snapshot: {}\n  hint: what is in "
                  "no block there will be in the first one of the target",
                  error.what());
    }
}

state::TaskProof move_ledger(Context &context, Worker &worker, const state::TaskRow &) {
    auto &target = worker.target();
    auto &source = worker.source();
    require_rest_proven(context, target);
    receive(source, target);
    failpoint("ledger.after_receive");
    auto plan = plan::build(source, nullptr, cli::Options{}, plan::Scope::ledger);
    Sum there, here;
    for (const auto &table : plan.tables)
        copy_rows(context, source, target, table, there, here);
    const nlohmann::json facts{{"migration", context.migration.name()},
                               {"source", context.plan.source.description},
                               {"source_identity", context.plan.source.identity},
                               {"snapshot", context.snapshot.facts().bounds},
                               {"lsn", context.snapshot.facts().lsn},
                               {"rows", there.rows},
                               {"digest", there.digest.hex()}};
    const auto adopted = target.query("select custody.adopt_ledger($1, $2) ->> 'missing'",
                                      std::to_string(context.migration.id()), facts.dump());
    if (!adopted.is_null(0, 0))
        context.migration.log(target, "warning", "custody_ledger",
                              "recorded on the source and not on the target: " + adopted.str(0, 0));
    failpoint("ledger.after_adopt");
    state::TaskProof proof;
    proof.source_rows = there.rows;
    proof.target_rows = here.rows;
    proof.source_value = there.digest.hex();
    proof.target_value = here.digest.hex();
    proof.snapshot = context.snapshot_number;
    return proof;
}

state::TaskProof ledger_proof(Worker &worker) {
    const auto there = worker.source().query(kTransactions, std::nullopt);
    const auto here = worker.target().query(kTransactions, there.str(0, 0));
    state::TaskProof proof;
    proof.source_value = there.str(0, 1);
    proof.target_value = here.str(0, 1);
    if (proof.source_value != proof.target_value)
        proof.reason = fmt::format("the source's ledger has {} transactions, and {} of them were "
                                   "moved: begin again into an empty database, with the "
                                   "source's writers stopped",
                                   there.number(0, 2), here.number(0, 2));
    return proof;
}

void compare_ledger_again(Context &context, Scheduler &scheduler,
                          const std::vector<state::TaskRow> &tasks) {
    for (const auto &task : tasks)
        if (task.kind == "ledger" && task.state == protocol::task_state::kDone)
            scheduler.add(
                {"compare the ledger", JobClass::copy, 0, {}, [&context, task](Worker &worker) {
                     auto proof = ledger_proof(worker);
                     // The digest of the rows that came stays the proof of those.
                     if (task.verdict == protocol::verdict::kEqual &&
                         proof.source_value == proof.target_value)
                         return;
                     proof.snapshot = context.snapshot_number;
                     context.migration.prove_task(worker.target(), task.id, proof);
                 }});
}

std::vector<state::Unproven> new_ledger(const cli::Options &options, pq::Connection &source,
                                        const std::vector<state::TaskRow> &tasks) {
    const bool planned = std::any_of(tasks.begin(), tasks.end(),
                                     [](const auto &task) { return task.kind == "ledger"; });
    if (planned || !moves_ledger(options, source))
        return {};
    return {
        {"LEDGER", "custody_ledger", "it was made on the source since the migration was begun"}};
}

std::string anchor_ledgers(Context &context, Worker &worker) {
    const auto digest = try_seal(worker.target());
    const auto last =
        worker.target()
            .exec("select coalesce((select e.info ->> 'source_digest' from (select "
                  "pg_catalog.convert_from(pg_catalog.substr(new, 2), 'UTF8')::pg_catalog.jsonb "
                  "as info from custody_ledger.event where op = 'S' and tbl = 0) e "
                  "where e.info ? 'source_digest' order by (e.info -> 'source_digest' ->> "
                  "'block')::pg_catalog.int8 desc nulls last limit 1), '')")
            .str(0, 0);
    auto note = fmt::format("the target's first block {} names the source's {}", named(digest),
                            named(last));
    failpoint("ledger.after_seal");
    try {
        auto source = pq::Connection::open(context.options.source, "custody anchor", "source");
        pq::pin(source);
        source.query("select custody.note_ledger_moved($1)", digest);
        note += fmt::format("; the source's block {} names it", named(try_seal(source)));
    } catch (const pq::SqlError &error) {
        note += fmt::format("; the source could not be written: {}", error.what());
        log::warn("the source's ledger does not name the target's first block: {}\n  hint: the "
                  "target's ledger names the source's; for the other way round, where it can be "
                  "written: SELECT custody.note_ledger_moved('{}'), then SELECT custody.seal()",
                  error.what(), digest);
    }
    return note;
}

} // namespace custody::run
