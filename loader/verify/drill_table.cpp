#include "loader/verify/drill_table.hpp"

#include <algorithm>
#include <future>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "common/sql_profile.hpp"
#include "loader/core/signals.hpp"
#include "loader/verify/digests.hpp"
#include "loader/verify/drill_down.hpp"
#include "loader/verify/live.hpp"
#include "loader/verify/side_extension.hpp"
#include "loader/verify/side_sql.hpp"
#include "loader/verify/table_observer.hpp"

namespace custody::verify {
namespace {

using Digests = std::vector<digest::DigestValue>;

bool asks_server(Way way) { return way == Way::extension || way == Way::sql; }

wire::Form form_for(digest::Profile profile, const plan::Table &table) {
    std::vector<wire::TypeRule> rules;
    for (const auto &column : table.columns)
        rules.push_back(column.rule);
    return profile == digest::Profile::sql ? digest::sql_form(table.form, rules) : table.form;
}

std::unique_ptr<Side> make_side(const Ways &ways, Which which, pq::Connection &connection) {
    if ((which == Which::source ? ways.source : ways.target) == Way::extension)
        return std::make_unique<ExtensionSide>(connection, which);
    return std::make_unique<SqlSide>(connection, which);
}

/// Lets the transactions of both sides live on when a statement fails.
class Savepoints {
  public:
    explicit Savepoints(const TableConnections &connections) : connections_(connections) {
        both("savepoint custody_drill");
    }
    void release() { both("release savepoint custody_drill"); }
    void roll_back() {
        both("rollback to savepoint custody_drill");
        release();
    }

  private:
    void both(const std::string &sql) {
        connections_.source.exec(sql);
        connections_.target.exec(sql);
    }
    const TableConnections &connections_;
};

class TableDrill {
  public:
    TableDrill(const Shared &shared, const Item &item, Ways ways,
               const TableConnections &connections)
        : shared_(shared), ways_(std::move(ways)),
          subject_(subject_of(item.table, ways_, item.condition)),
          source_(make_side(ways_, Which::source, connections.source)),
          target_(make_side(ways_, Which::target, connections.target)) {}

    std::vector<BucketRows> buckets() {
        auto reading = std::async(std::launch::async, [&] { return target_->buckets(subject_); });
        const auto source = source_->buckets(subject_);
        return differing_buckets(source, reading.get());
    }

    TableDifferences compare(const std::vector<BucketRows> &buckets) {
        const auto &options = shared_.options;
        TableObserver observer(subject_, {options.source, shared_.source->facts(), source_.get()},
                               {options.target, shared_.target.facts(), target_.get()},
                               shared_.taken, [this](Which which, pq::Connection &connection) {
                                   return make_side(ways_, which, connection);
                               });
        Live live;
        live.drill.limit = static_cast<std::uint64_t>(options.differences);
        live.drill.whole_values = shared_.whole_values;
        live.rechecks = options.rechecks;
        live.pause = std::chrono::seconds(options.recheck);
        try {
            auto found = compare_live(observer, subject_, buckets, live);
            if (options.redact)
                redact(found);
            return found;
        } catch (const Error &) {
            looked_again_ = observer.looked_again();
            throw;
        }
    }

    /// After a failure: whether it was not at the first look, whose differences may be in flight.
    bool looked_again() const { return looked_again_; }

  private:
    const Shared &shared_;
    Ways ways_;
    Subject subject_;
    std::unique_ptr<Side> source_, target_;
    bool looked_again_ = false;
};

/// Whether the table is told by its digests alone, because the rows cannot be had: a privilege, a
/// lock, a condition that fails. A broken connection is another matter.
bool without_rows(const Error &error) {
    const auto *sql = dynamic_cast<const pq::SqlError *>(&error);
    return sql != nullptr ? !sql->retryable() && !sql->connection_lost()
                          : error.exit() == Exit::refused;
}

/// What a server said may hold values of rows.
std::string said(const cli::Options &options, const Error &error) {
    const auto *sql = dynamic_cast<const pq::SqlError *>(&error);
    return options.redact && sql != nullptr ? "SQLSTATE " + sql->sqlstate()
                                            : std::string(error.what());
}

void add_reason(Comparison &result, const std::string &reason) {
    result.reason += (result.reason.empty() ? "" : "; ") + reason;
}

} // namespace

Sizes sizes_of(const Digests &source, const Digests &target) {
    Sizes sizes;
    sizes.rows = std::max(total_of(source).rows, total_of(target).rows);
    for (const auto &bucket : differing_buckets(source, target))
        sizes.largest_bucket = std::max(sizes.largest_bucket, bucket.rows);
    return sizes;
}

Ways drill_ways(const Scope &scope, const Item &item, const Sizes &sizes) {
    Ways ways = item.ways;
    const auto buckets =
        std::max(item.ways.buckets, buckets_for(static_cast<std::int64_t>(sizes.rows)));
    if (ways.profile != digest::Profile::evidence && asks_server(ways.source) &&
        asks_server(ways.target)) {
        if (sizes.largest_bucket > kBatchRows)
            ways.buckets = buckets;
        return ways;
    }
    const auto subject = subject_of(item.table, ways, item.condition);
    const auto way = [&](const Ability &ability, Which which) {
        return ability.extension && !reading_of(subject, which).casts ? Way::extension : Way::sql;
    };
    ways.source = way(scope.source_ability, Which::source);
    ways.target = way(scope.target_ability, Which::target);
    ways.profile = ways.source == Way::extension && ways.target == Way::extension
                       ? digest::Profile::fast
                       : digest::Profile::sql;
    ways.form = form_for(ways.profile, item.table);
    ways.buckets = buckets;
    return ways;
}

void drill_table(const Shared &shared, const Item &item, const TableConnections &connections,
                 const Digests &source, const Digests &target, Comparison &result) {
    const auto ways = drill_ways(shared.scope, item, sizes_of(source, target));
    TableDrill drill(shared, item, ways, connections);
    Savepoints savepoints(connections);
    try {
        const bool known = ways.profile == item.ways.profile && ways.buckets == item.ways.buckets &&
                           asks_server(item.ways.source) && asks_server(item.ways.target);
        result.differences =
            drill.compare(known ? differing_buckets(source, target) : drill.buckets());
    } catch (const Error &error) {
        throw_if_stopped();
        if (!without_rows(error))
            throw;
        savepoints.roll_back();
        if (drill.looked_again())
            result.verdict = protocol::verdict::kUnverified;
        add_reason(result, fmt::format("its rows could not be looked {}: {}",
                                       drill.looked_again() ? "at again" : "for",
                                       said(shared.options, error)));
        return;
    }
    savepoints.release();
    const auto conclusion = conclude(*result.differences);
    result.verdict = conclusion.verdict;
    if (result.verdict == protocol::verdict::kEqual)
        result.reason.clear();
    add_reason(result, conclusion.reason);
}

} // namespace custody::verify
