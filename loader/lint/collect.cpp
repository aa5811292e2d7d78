#include "loader/lint/collect.hpp"

#include <fmt/format.h>

#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"

namespace custody::lint {
namespace {

constexpr int kOldest = 130000;

/// For the transaction only, so that a pooler may stand between.
constexpr const char *kPinned =
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL quote_all_identifiers = off;"
    "SET LOCAL client_encoding = 'UTF8'; SET LOCAL standard_conforming_strings = on;"
    "SET LOCAL jit = off; SET LOCAL client_min_messages = 'error'; SET LOCAL lock_timeout = '60s'";

/// A name that is not there must not be cast to regclass.
constexpr const char *kFacts = R"(
SELECT current_user, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
       x.oid IS NOT NULL,
       coalesce(has_schema_privilege(n.oid, 'USAGE')
                AND has_table_privilege(to_regclass('custody.protection'), 'SELECT'), false),
       coalesce(has_schema_privilege(n.oid, 'USAGE')
                AND has_table_privilege(to_regclass('custody.exemption'), 'SELECT'), false)
  FROM (SELECT) one
  LEFT JOIN pg_extension x ON x.extname = 'custody'
  LEFT JOIN pg_namespace n ON n.oid = x.extnamespace)";

constexpr const char *kExemptions = R"(
SELECT f.n - 1, e.reason
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY f(code, object, n),
       LATERAL (SELECT e.reason FROM custody.exemption e
                 WHERE e.tool = 'lint' AND e.code = f.code AND custody.is_exempted(f.object, e.object)
                   AND (e.expires IS NULL OR e.expires > now())
                 ORDER BY e.id LIMIT 1) e)";

class Collector {
  public:
    Collector(pq::Connection &connection, const std::string &org_column)
        : connection_(connection), org_column_(org_column.empty() ? pq::Param() : org_column) {
        report_.version = connection.server_version();
        report_.description = connection.description();
        report_.org_column = org_column;
    }

    Report collect() {
        if (report_.version < kOldest)
            throw Error(Exit::refused, "target-too-old", "the server is too old",
                        fmt::format("PostgreSQL {}", report_.version / 10000),
                        "custody works with PostgreSQL 13 and later");
        connection_.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        connection_.exec(kPinned);
        read_facts();
        choose();
        if (!attempt([&] { add(connection_.query(batch(), org_column_)); }))
            one_by_one();
        report_.rules_run = static_cast<int>(chosen_.size());
        sort();
        if (exemptions_)
            read_exemptions();
        connection_.exec("ROLLBACK");
        return std::move(report_);
    }

  private:
    void read_facts() {
        const auto facts = connection_.exec(kFacts);
        report_.user = facts.str(0, 0);
        report_.generated_at = facts.str(0, 1);
        const bool installed = facts.boolean(0, 2);
        report_.extension = installed && facts.boolean(0, 3);
        exemptions_ = installed && facts.boolean(0, 4);
        missing_ = installed
                       ? fmt::format("role \"{}\" may not read custody.protection", report_.user)
                       : "the extension custody is not installed";
        if (installed && !exemptions_)
            report_.notes.push_back(fmt::format(
                "role \"{}\" may not read custody.exemption: nothing is exempt", report_.user));
    }

    /// Which rules run; the others are told with the reason.
    void choose() {
        for (const auto &rule : rules()) {
            if (rule.since > report_.version)
                continue; // what it looks at does not exist in that version
            if (!report_.extension && rule.needs == "custody")
                report_.not_run.push_back({&rule, missing_, false});
            else if (!report_.extension && rule.needs == "org" && !org_column_)
                report_.not_run.push_back(
                    {&rule, missing_ + "; --org-column names the org column without it", false});
            else
                chosen_.push_back(&rule);
        }
    }

    const Rule *chosen(std::string_view code) const {
        for (const auto *rule : chosen_)
            if (rule->code == code)
                return rule;
        return nullptr;
    }

    /// The query as this server can run it.
    std::string text_of(std::string_view query) const {
        std::string text(query);
        const auto at = text.find(kProtection);
        if (!report_.extension && at != std::string::npos)
            text.replace(at, kProtection.size(), kNoProtection);
        return text;
    }

    static std::string with_code(const Rule &rule, const std::string &query) {
        return fmt::format("SELECT '{}' AS code, f.* FROM ({}) f", rule.code, query);
    }

    std::string batch() const {
        std::string text = text_of(kBatch);
        for (const auto *rule : chosen_)
            if (rule->since > 0)
                text += " UNION ALL " + with_code(*rule, text_of(rule->query));
        return text;
    }

    void one_by_one() {
        std::vector<const Rule *> run;
        for (const auto *rule : chosen_) {
            // Not every rule names $1, whose type the server then would not know.
            const auto query =
                with_code(*rule, text_of(rule->query)) + " CROSS JOIN (SELECT $1::text) given";
            if (attempt([&] { add(connection_.query(query, org_column_)); }))
                run.push_back(rule);
            else
                report_.not_run.push_back({rule, error_, true});
        }
        chosen_ = std::move(run);
    }

    template <typename Work> bool attempt(Work &&work) {
        throw_if_stopped();
        connection_.exec("SAVEPOINT rule");
        try {
            work();
            connection_.exec("RELEASE rule");
            return true;
        } catch (const pq::SqlError &error) {
            throw_if_stopped();
            if (error.connection_lost())
                throw;
            connection_.exec("ROLLBACK TO rule");
            error_ = error.what();
            log::debug("a rule cannot be run: {}", error_);
            return false;
        }
    }

    void add(const pq::Result &rows) {
        for (int row = 0; row < rows.rows(); ++row)
            if (const auto *rule = chosen(rows.text(row, 0)))
                report_.findings.push_back(
                    {rule, rows.str(row, 1), rows.str(row, 2), rows.str(row, 3), std::nullopt});
    }

    void sort() {
        std::sort(report_.findings.begin(), report_.findings.end(),
                  [](const Finding &one, const Finding &other) {
                      return std::pair(one.rule->code, std::string_view(one.object)) <
                             std::pair(other.rule->code, std::string_view(other.object));
                  });
        std::sort(report_.not_run.begin(), report_.not_run.end(),
                  [](const NotRun &one, const NotRun &other) {
                      return one.rule->code < other.rule->code;
                  });
    }

    void read_exemptions() {
        std::vector<std::string> codes;
        std::vector<std::string> objects;
        for (const auto &finding : report_.findings) {
            codes.emplace_back(finding.rule->code);
            objects.push_back(finding.object);
        }
        const auto rows =
            connection_.query(kExemptions, pq::array_literal(codes), pq::array_literal(objects));
        for (int row = 0; row < rows.rows(); ++row)
            report_.findings[rows.number<std::size_t>(row, 0)].exempt = rows.str(row, 1);
    }

    pq::Connection &connection_;
    pq::Param org_column_;
    bool exemptions_ = false;
    std::string missing_; // why the extension's state is not read
    std::string error_;   // of the last attempt that failed
    std::vector<const Rule *> chosen_;
    Report report_;
};

} // namespace

Report collect(pq::Connection &connection, const std::string &org_column) {
    return Collector(connection, org_column).collect();
}

} // namespace custody::lint
