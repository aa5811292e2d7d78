// What every check gets, and where it leaves what it found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/plan/finding_codes.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::preflight {

struct Context {
    pq::Connection &source;
    pq::Connection &target;
    const plan::Plan &plan;
    const cli::Options &options;
    std::vector<plan::Finding> findings;

    void add(std::string_view code, std::string object, std::string seen) {
        findings.push_back(plan::make_finding(code, std::move(object), std::move(seen)));
    }
    void add(std::string_view code, plan::Severity severity, std::string object, std::string seen) {
        findings.push_back(plan::make_finding(code, severity, std::move(object), std::move(seen)));
    }
    /// No pattern restricts the run: whatever the source has is needed.
    bool whole_database() const {
        return options.schemas.empty() && options.tables.empty() &&
               options.exclude_schemas.empty() && options.exclude_tables.empty();
    }
};

/// A transaction that is always rolled back, with the given settings for catalog queries.
class Probe {
  public:
    explicit Probe(pq::Connection &connection);
    ~Probe();
    Probe(const Probe &) = delete;
    Probe &operator=(const Probe &) = delete;

  private:
    pq::Connection &connection_;
};

/// "{1,2}" of the plan's tables on the source, for a parameter of type oid[].
std::string source_oids(const plan::Plan &plan);
/// The same of those that the target has, roots in place of their leaves.
std::string target_oids(const plan::Plan &plan);

// The groups; each file holds one.
void check_servers(Context &context);
void check_extensions(Context &context);
void check_collations(Context &context);
void check_privileges(Context &context);
void check_row_security(Context &context);
void check_tables(Context &context);
void check_triggers(Context &context);
void check_roles(Context &context);
void check_ledger(Context &context);
void check_large_objects(Context &context);
void check_poolers(Context &context);
void check_budget(Context &context);
void check_room(Context &context);

} // namespace custody::preflight
