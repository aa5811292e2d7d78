// What `custody audit report` tells of a ledger, and how it is shown. Plain values; the renderers
// are pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/report/render.hpp"

namespace custody::audit {

/// One result of custody.attest().
struct Check {
    std::string check;
    std::string object;
    std::string status; // proven, refuted or unproven
    std::string detail;
};

/// One row of custody.audit_coverage().
struct CoveredTable {
    std::string table;
    std::string state; // recorded, exempt or gap
    std::string reason;
    std::string since;
};

/// A structural event: who changed what is recorded, or how.
struct Notice {
    std::string at;
    std::string table;
    std::string kind;
    std::string login;
    std::string detail; // its JSON text
};

struct LedgerReport {
    std::string made_at; // by the server's clock
    std::string database;
    std::string version; // of the extension
    std::string ledger;
    std::optional<std::int64_t> block; // the newest
    std::string hash;
    std::string sealed_at;
    std::int64_t blocks = 0;
    std::int64_t events = 0; // in blocks
    std::int64_t transactions = 0;
    std::int64_t digests = 0; // from elsewhere, compared with
    std::vector<Check> checks;
    std::vector<CoveredTable> tables;
    std::vector<Notice> notices; // the newest
    std::int64_t holds = 0;      // in force
    std::int64_t prunes = 0;

    /// What is refuted, then what is unproven, then the rest, each in its order.
    void put_findings_first();
    /// refuted, unproven or proven.
    std::string verdict() const;
    std::int64_t count(const std::string &status) const;
    std::int64_t gaps() const;
    /// One sentence.
    std::string headline() const;
};

/// The object of a change that is of no table.
inline constexpr const char *kWholeLedger = "(the ledger)";

/// What no ledger covers, to be said wherever a verdict stands.
extern const std::vector<std::string> kNotCovered;

/// Lines that fit; of results that say the same of many objects only their number.
std::string render_report_text(const LedgerReport &report, const custody::report::TextLook &look);
std::string render_report_json(const LedgerReport &report, int exit_code);
std::string render_report_html(const LedgerReport &report);

} // namespace custody::audit
