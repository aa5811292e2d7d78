// What the superuser's connection knows about the attacks from outside.
#pragma once

#include <string>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/pq/connection.hpp"
#include "loader/probe/finding.hpp"

namespace custody::probe {

struct Table {
    std::string object;   // quoted, with its schema
    std::string exact;    // expression of the organization, compared byte by byte
    std::string org_type; // uuid, bigint or text
    std::string own, victim;
    std::string own_key; // condition of a row of `own`
};

struct Plan {
    std::string role;                  // that logs in
    std::string bound;                 // that reads and writes: the same, or whom it becomes
    std::vector<Table> tables;         // with rows of two organizations
    std::vector<std::string> powerful; // quoted roles that row security does not bind
    std::vector<std::string> settings; // that policies read and anybody may set
    std::string forged;                // what custody.context would hold for a victim
    bool deferrable = false;           // a trigger of the tables may wait for COMMIT
};

/// Reads it. `role` is the one that the application logs in as, `set_role` the one that it becomes
/// ("" = none).
Plan read_plan(pq::Connection &admin, const std::string &role, const std::string &set_role);

/// custody.probe_isolation(), without the rows that say that this program tries it.
std::vector<Finding> probe_inside(pq::Connection &admin, const Plan &plan,
                                  const cli::Options &options);

/// How the application enters an organization: a statement and its one parameter, which is a bind
/// parameter because it may be a token. An empty statement: nobody told how.
struct Entry {
    std::string statement, parameter;
};
Entry entry(const cli::Options &options, const Table &table, const std::string &org);

/// Looks up what custody.exemption accepts.
void accept(pq::Connection &admin, std::vector<Finding> &findings);

} // namespace custody::probe
