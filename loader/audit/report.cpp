#include <cctype>

#include <fmt/format.h>

#include "loader/audit/audit.hpp"
#include "loader/audit/kept_digests.hpp"
#include "loader/audit/ledger_access.hpp"
#include "loader/audit/ledger_report.hpp"
#include "loader/audit/spared_files.hpp"
#include "loader/core/append.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/pq/connection.hpp"
#include "loader/report/output.hpp"

namespace custody::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kNotices =
    "SELECT to_char(t.committing_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', "
    "CASE WHEN a.id IS NULL THEN '' ELSE format('%I.%I', a.schema, a.name) END, n.info ->> 'kind', "
    "(custody.context_fields(t.contexts, e.context))[1], (n.info - 'kind')::text "
    "FROM custody_ledger.event e JOIN custody_ledger.tx t "
    "ON t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation "
    "LEFT JOIN custody_ledger.audited a ON a.id = e.tbl "
    "CROSS JOIN LATERAL (SELECT convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb "
    "AS info) n "
    "WHERE e.op = 'S' AND e.key = '' AND get_byte(e.new, 0) = 3 "
    "ORDER BY t.committing_at DESC, e.seq DESC LIMIT 100";

template <typename Bytes> std::string hex(const Bytes &bytes) {
    std::string digits;
    for (const std::byte byte : bytes)
        append(digits, "{:02x}", std::to_integer<unsigned>(byte));
    return digits;
}

/// As custody.verify_ledger() takes them.
std::optional<std::string> digests_json(const std::vector<ledger::Digest> &digests) {
    if (digests.empty())
        return std::nullopt;
    Json list = Json::array();
    for (const auto &digest : digests) {
        std::string uuid = hex(digest.ledger);
        for (const std::size_t dash : {20, 16, 12, 8})
            uuid.insert(dash, "-");
        list.push_back({{"format", "custody-digest-1"},
                        {"ledger", uuid},
                        {"block", digest.block},
                        {"hash", hex(digest.hash)}});
    }
    return list.dump();
}

void read_facts(pq::Connection &connection, LedgerReport &report) {
    const auto facts = connection.exec(
        "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', "
        "current_database(), e.extversion, l.ledger, b.number, "
        "encode(b.hash, 'hex'), to_char(b.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
        "|| ' UTC', s.blocks, s.transactions, s.events, "
        "(SELECT count(*) FROM custody_ledger.hold h WHERE h.lifted_at IS NULL), "
        "(SELECT count(*) FROM custody_ledger.prune) "
        "FROM custody_ledger.ledger l CROSS JOIN pg_extension e "
        "LEFT JOIN (SELECT * FROM custody_ledger.block ORDER BY number DESC LIMIT 1) b ON true "
        "CROSS JOIN (SELECT count(*) AS blocks, coalesce(sum(transactions), 0) AS transactions, "
        "coalesce(sum(events), 0) AS events FROM custody_ledger.block) s "
        "WHERE e.extname = 'custody'");
    report.made_at = facts.str(0, 0);
    report.database = facts.str(0, 1);
    report.version = facts.str(0, 2);
    report.ledger = facts.str(0, 3);
    if (!facts.is_null(0, 4))
        report.block = facts.number(0, 4);
    report.hash = facts.str(0, 5);
    report.sealed_at = facts.str(0, 6);
    report.blocks = facts.number(0, 7);
    report.transactions = facts.number(0, 8);
    report.events = facts.number(0, 9);
    report.holds = facts.number(0, 10);
    report.prunes = facts.number(0, 11);
}

void read_checks(pq::Connection &connection, const std::vector<ledger::Digest> &digests,
                 LedgerReport &report) {
    const auto json = digests_json(digests);
    const auto checks = json ? connection.query("SELECT * FROM custody.attest($1::jsonb)", *json)
                             : connection.exec("SELECT * FROM custody.attest()");
    for (int row = 0; row < checks.rows(); ++row)
        if (checks.text(row, 0) != "summary")
            report.checks.push_back(
                {checks.str(row, 0), checks.str(row, 1), checks.str(row, 2), checks.str(row, 3)});
}

void read_tables(pq::Connection &connection, LedgerReport &report) {
    const auto tables =
        connection.exec("SELECT relation::text, state, reason, "
                        "to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' "
                        "FROM custody.audit_coverage()");
    for (int row = 0; row < tables.rows(); ++row)
        report.tables.push_back(
            {tables.str(row, 0), tables.str(row, 1), tables.str(row, 2), tables.str(row, 3)});
}

void read_notices(pq::Connection &connection, LedgerReport &report) {
    const auto notices = connection.exec(kNotices);
    for (int row = 0; row < notices.rows(); ++row)
        report.notices.push_back({notices.str(row, 0), notices.str(row, 1), notices.str(row, 2),
                                  notices.str(row, 3), notices.str(row, 4)});
}

/// Whoever may write anything can have put there what cannot be read: the report says so, and what
/// it found beside that.
void read_part(pq::Connection &connection, LedgerReport &report, const char *part,
               void (*read)(pq::Connection &, LedgerReport &)) {
    try {
        read(connection, report);
    } catch (const pq::SqlError &error) {
        throw_if_stopped();
        if (error.connection_lost())
            throw;
        report.checks.push_back(
            {"report", part, "unproven", fmt::format("it cannot be read: {}", error.what())});
    }
}

/// The newest block is read before the checks: what they say is true of it, whatever is sealed
/// meanwhile.
LedgerReport look(pq::Connection &connection, const std::vector<ledger::Digest> &digests) {
    LedgerReport report;
    report.digests = static_cast<std::int64_t>(digests.size());
    read_part(connection, report, "facts", read_facts);
    read_checks(connection, digests, report);
    read_part(connection, report, "tables", read_tables);
    read_part(connection, report, "changes of what is recorded", read_notices);
    report.put_findings_first();
    return report;
}

std::string render(const LedgerReport &report, const cli::Options &options, Exit exit) {
    if (options.json || options.format == "json")
        return render_report_json(report, static_cast<int>(exit));
    if (options.format == "html")
        return render_report_html(report);
    return render_report_text(report, custody::report::look_of(options));
}

} // namespace

Exit report(const cli::Options &options) {
    spare(options, {options.anchor_file, options.public_key, options.digest});
    const auto digests = kept_digests(options);
    if (digests.empty())
        log::warn("without a digest from elsewhere a ledger only agrees with itself; name one with "
                  "--digest or --anchor-file");
    auto connection = open_ledger(options.target, "custody audit report",
                                  {"custody.attest(jsonb, regclass[])", "auditor"});
    const LedgerReport found = look(connection, digests);
    const Exit exit = found.verdict() == "proven" ? Exit::ok : Exit::unverified;
    return custody::report::deliver_result(exit, options, found.verdict() + ": " + found.headline(),
                                           render(found, options, exit));
}

} // namespace custody::audit
