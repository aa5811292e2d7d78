// A connection of the role that is probed, and what came of a statement on it.
#pragma once

#include "loader/probe/plan.hpp"

namespace custody::probe {

struct Outcome {
    std::string sqlstate; // "" = no error; "-----" = the connection broke
    std::string message;
    std::string context; // of the error: code that the statement called
    int rows = 0;
    std::string value; // first column of the first row
    long affected = 0; // rows that the statement wrote

    bool failed() const { return !sqlstate.empty(); }
    /// By a privilege, by row security or for want of a context, and not by code in between.
    bool refused() const { return sqlstate == "42501" && context.empty(); }
};

Outcome attempt(pq::Connection &connection, const std::string &statement);
Outcome attempt(pq::Connection &connection, const Entry &entry);

/// The rows of others, and the own ones, that a connection sees in a table (of the first 10000).
struct Seen {
    Outcome outcome;
    long others = 0, own = 0;
};
Seen look(pq::Connection &connection, const Table &table, const std::string &own);

/// Judges what a connection sees after an attack. `entered`: it is in the context of `own`;
/// otherwise it must see nothing at all. Tables: those whose own row was seen before.
void judge(Finding &finding, pq::Connection &connection, const std::vector<Table> &tables,
           bool entered);

/// Judges a refusal; true when the statement failed, whatever that means.
bool judge_error(Finding &finding, const Outcome &outcome);

} // namespace custody::probe
