// The two servers as such: versions, recovery, identity, encodings, prepared transactions.
#include <fmt/format.h>

#include "loader/pq/same_database.hpp"
#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

constexpr int kOldest = 130000;
constexpr int kNewest = 189999;

std::string version_text(int version) { return fmt::format("PostgreSQL {}", version / 10000); }

void check_versions(Context &context) {
    const plan::Server &source = context.plan.source;
    const plan::Server &target = context.plan.target;
    if (source.version < kOldest)
        context.add("source-too-old", "source", version_text(source.version));
    if (target.version < kOldest)
        context.add("target-too-old", "target", version_text(target.version));
    for (const auto &[name, version] :
         {std::pair("source", source.version), std::pair("target", target.version)})
        if (version > kNewest)
            context.add("version-untested", name, version_text(version));
    if (target.version / 10000 < source.version / 10000)
        context.add("version-downgrade", "target",
                    fmt::format("{} after {} on the source", version_text(target.version),
                                version_text(source.version)));
}

void check_recovery(Context &context) {
    if (context.plan.target.in_recovery)
        context.add("target-in-recovery", "target", "pg_is_in_recovery() is true");
    if (!context.plan.source.in_recovery)
        return;
    const auto row = context.source.exec("SELECT current_setting('max_standby_streaming_delay'),"
                                         " current_setting('hot_standby_feedback')");
    // -1 and "on" each keep the primary's vacuum from cancelling the snapshot.
    const bool safe = row.text(0, 0) == "-1" || row.text(0, 1) == "on";
    context.add("source-standby", safe ? plan::Severity::info : plan::Severity::warning, "source",
                fmt::format("max_standby_streaming_delay is {}, hot_standby_feedback is {}",
                            row.text(0, 0), row.text(0, 1)));
}

void check_same_database(Context &context) {
    const Probe holds(context.source);
    const bool same = pq::same_database(context.source, context.target);
    const bool standby = context.plan.source.in_recovery && !context.plan.target.in_recovery &&
                         context.plan.source.identity == context.plan.target.identity;
    if (same)
        context.add("same-database", "target",
                    fmt::format("a lock taken through {} is visible through {}",
                                context.plan.source.description, context.plan.target.description));
    else if (standby)
        context.add("same-database", "target",
                    fmt::format("the source {} is a standby with the target's system identifier",
                                context.plan.source.description));
}

void check_encodings(Context &context) {
    const auto &source = context.plan.source.encoding;
    const auto &target = context.plan.target.encoding;
    if (source == target)
        return;
    std::string seen = fmt::format("{} on the source, {} on the target", source, target);
    if (source == "SQL_ASCII")
        seen += "; the source checks nothing, the target refuses what is not valid UTF-8";
    else if (target == "SQL_ASCII")
        seen += "; the target stores UTF-8 and does not know it";
    else if (target != "UTF8")
        seen += "; the target refuses characters that it cannot represent";
    const bool harmless = target == "UTF8" && source != "SQL_ASCII";
    context.add("encoding-differs", harmless ? plan::Severity::info : plan::Severity::warning,
                "target", seen);
}

void check_prepared_transactions(Context &context) {
    const auto row = context.source.exec("SELECT count(*), min(prepared)::text FROM"
                                         " pg_prepared_xacts WHERE database = current_database()");
    if (row.number(0, 0) > 0)
        context.add("prepared-transactions", "source",
                    fmt::format("{}, the oldest of {}", row.text(0, 0), row.text(0, 1)));
}

void check_money(Context &context) {
    bool money = false;
    for (const auto &table : context.plan.tables)
        for (const auto &column : table.columns)
            money = money || column.type.starts_with("money");
    if (!money)
        return;
    // reset_val: the session itself is pinned to C.
    const char *const sql = "SELECT reset_val FROM pg_settings WHERE name = 'lc_monetary'";
    const std::string source = context.source.exec(sql).str(0, 0);
    const std::string target = context.target.exec(sql).str(0, 0);
    if (source != target)
        context.add("money-locale", "target",
                    fmt::format("\"{}\" on the source, \"{}\" on the target", source, target));
}

void check_writable(Context &context) {
    const auto row = context.target.exec("SELECT current_setting('transaction_read_only')");
    if (row.text(0, 0) == "on" && !context.plan.target.in_recovery)
        context.add("target-read-only", "target", "transactions are read-only by default");
}

} // namespace

void check_servers(Context &context) {
    check_versions(context);
    check_recovery(context);
    check_same_database(context);
    check_encodings(context);
    check_prepared_transactions(context);
    check_money(context);
    check_writable(context);
}

} // namespace custody::preflight
