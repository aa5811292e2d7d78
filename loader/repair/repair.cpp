#include "loader/repair/repair.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/pq/session.hpp"
#include "loader/repair/apply.hpp"
#include "loader/repair/output.hpp"
#include "loader/repair/result.hpp"
#include "loader/repair/same_key.hpp"
#include "loader/report/output.hpp"
#include "loader/verify/verify.hpp"

namespace custody::repair {
namespace {

TableResult table_result(const verify::Comparison &comparison) {
    TableResult table;
    table.type = comparison.type;
    table.schema = comparison.schema;
    table.name = comparison.name;
    table.target_name = comparison.target_name;
    table.verdict = comparison.verdict;
    table.reason = comparison.reason;
    if (comparison.differences) {
        table.missing = comparison.differences->missing;
        table.extra = comparison.differences->extra;
        table.different = comparison.differences->different;
        table.in_flight = comparison.differences->in_flight;
    }
    return table;
}

/// A name alone may be that of two tables: "a.b"."c" and "a"."b.c".
bool is_of(const auto &result, const plan::Table &table) {
    return result.type == "table" && result.schema == table.schema &&
           result.name == table.schema + "." + table.name;
}

verify::Look look_of(const verify::Verification &seen) {
    return {seen.source.snapshot.lsn, seen.target.snapshot.lsn, seen.target.snapshot.taken_at};
}

class Repair {
  public:
    explicit Repair(const cli::Options &options) : options_(options) {
        result_.mode = options.apply ? Mode::apply : options.dry_run ? Mode::dry_run : Mode::script;
        result_.output = options.output;
    }

    Exit run() {
        std::optional<Applier> applier;
        if (result_.mode == Mode::apply)
            applier.emplace(options_.target, schema_,
                            static_cast<std::uint64_t>(options_.batch_rows));
        look();
        plan();
        if (applier && !order_.units.empty())
            apply(*applier);
        else if (result_.mode == Mode::script)
            write_script();
        return report();
    }

  private:
    void look() {
        auto options = options_;
        options.differences = std::numeric_limits<int>::max();
        options.dry_run = false;
        auto [seen, tables] = verify::compare(options);
        result_.source = seen.source.server.description;
        result_.target = seen.target.server.description;
        result_.looks.push_back(look_of(seen));
        differing_.target = seen.target.server;
        for (auto &comparison : seen.objects) {
            result_.tables.push_back(table_result(comparison));
            if (!comparison.differences || comparison.differences->rows.empty())
                continue;
            for (auto &table : tables)
                if (is_of(comparison, table)) {
                    differing_.tables.push_back(std::move(table));
                    rows_.push_back(std::move(comparison.differences->rows));
                    break;
                }
        }
    }

    void plan() {
        if (differing_.tables.empty())
            return;
        auto target = pq::Connection::open(options_.target, "custody repair", "target");
        pq::pin(target);
        schema_ = read_schema(target, differing_);
        std::vector<Change> changes;
        for (std::size_t table = 0; table < schema_.tables.size(); ++table) {
            auto &rows = rows_[table];
            const auto pairs = same_keys(target, schema_.tables[table], rows);
            auto more = changes_of(schema_, table, std::move(rows), pairs, options_.delete_extra);
            std::move(more.changes.begin(), more.changes.end(), std::back_inserter(changes));
            result_of(table).extra_left = more.extra_left;
        }
        order_ = order_of(schema_, std::move(changes));
        count();
    }

    TableResult &result_of(std::size_t number) {
        const auto &table = *schema_.tables[number].plan;
        for (auto &result : result_.tables)
            if (is_of(result, table))
                return result;
        throw std::logic_error("a table without a result");
    }

    void count() {
        for (const auto &unit : order_.units)
            for (const auto &change : unit.changes) {
                result_.planned.add(change);
                result_of(change.table).planned.add(change);
            }
        for (const auto &[change, reason] : order_.refused)
            result_.refused.push_back({std::string(action_name(change.action)),
                                       describe(schema_, change), "", reason, ""});
    }

    void write_script() {
        const auto &look = result_.looks.front();
        Output output(options_.output);
        repair::write_script(
            {result_.source, result_.target, look.source_lsn, look.target_lsn, look.at}, schema_,
            order_, static_cast<std::uint64_t>(options_.batch_rows),
            [&](std::string_view text) { output.write(text); });
        output.close();
    }

    void apply(Applier &applier) {
        failpoint("repair.before_apply");
        applier.apply(order_.units, result_);
        failpoint("repair.after_apply");
        look_again(applier);
    }

    /// What differed or was written, by whatever trigger or key, under new snapshots.
    void look_again(const Applier &applier) {
        const auto [seen, tables] = verify::compare(options_, [&](const plan::Table &table) {
            return applier.wrote(table.target_schema, table.target_name) ||
                   std::any_of(differing_.tables.begin(), differing_.tables.end(),
                               [&](const auto &other) {
                                   return other.schema == table.schema && other.name == table.name;
                               });
        });
        result_.looks.push_back(look_of(seen));
        for (auto &result : result_.tables) {
            const bool again = std::any_of(tables.begin(), tables.end(),
                                           [&](const auto &table) { return is_of(result, table); });
            if (again)
                take_verdict(result, seen);
        }
    }

    static void take_verdict(TableResult &result, const verify::Verification &seen) {
        result.verdict = protocol::verdict::kUnverified;
        result.reason = "it was not compared again";
        // A comparison that failed has no schema of its own.
        for (const auto &comparison : seen.objects)
            if (comparison.type == result.type && comparison.name == result.name &&
                (comparison.schema == result.schema || comparison.schema.empty())) {
                result.verdict = comparison.verdict;
                result.reason = comparison.reason;
            }
    }

    Exit report() const {
        for (const auto &failure : result_.failures)
            log::error("{} {}: {}{}", failure.action, failure.object,
                       failure.sqlstate.empty() ? "" : failure.sqlstate + " ", failure.message);
        return report::deliver(result_.exit(), [&] {
            if (result_.mode == Mode::script && result_.output.empty())
                log::info("{}", render_text(result_)); // stdout has the script
            else
                report::write_stdout(options_.json ? render_json(result_) : render_text(result_));
        });
    }

    const cli::Options &options_;
    plan::Plan differing_;                              // the tables that differ, and the target
    std::vector<std::vector<verify::Difference>> rows_; // of each of them
    Schema schema_;
    Order order_;
    Result result_;
};

} // namespace

Exit repair(const cli::Options &options) { return Repair(options).run(); }

} // namespace custody::repair
