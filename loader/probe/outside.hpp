// The attacks from outside: on connections of the role itself, and through the pooler.
#pragma once

#include <utility>

#include "loader/probe/session.hpp"

namespace custody::probe {

class Outside {
  public:
    Outside(const Plan &plan, const cli::Options &options) : plan_(plan), options_(options) {}

    /// Every attack on direct connections. The first of them also finds the tables in which the
    /// role sees its own rows, which are the positive control of the others.
    std::vector<Finding> direct();
    /// What one client of the pooler leaves behind for the next. After direct().
    std::vector<Finding> pooled();
    /// With on_clone: writes that are committed, as organizations made for it. After direct().
    std::vector<Finding> committed(pq::Connection &admin);

  private:
    struct Clone {
        pq::Connection &admin;
        std::string relations; // OIDs, as an array
        std::string own, other;
    };

    pq::Connection login() const;
    /// Becomes the role that reads and writes, for the transaction or for the session.
    Outcome become(pq::Connection &connection, const char *how) const;
    Outcome enter(pq::Connection &connection, const Table &table, const std::string &org) const;
    /// Opens a transaction in the context of the table's own organization.
    Outcome begin(pq::Connection &connection, const Table &table) const;
    Finding &found(std::string attack, std::string statement, std::string object = "session");

    void read_as_login();
    void escapes();
    void escape(const std::string &attack, const std::string &statement);
    void without_context(const std::string &attack, const std::vector<std::string> &before);
    void startup(const std::string &attack, const std::string &name, const std::string &value,
                 bool enters);
    void alter_role();
    void copies();
    void prepared();
    void second_context();

    /// Two clients in turn on one server connection: the first runs `leave` in its context, the
    /// second `take` in that of `next` ("" = none). False: they never met on one connection.
    bool in_turn(const std::string &leave, const std::string &take, const std::string &next,
                 const std::string &clean, Outcome &left, Outcome &taken);
    void handed_over(const std::string &attack, const std::string &leave, const std::string &take,
                     const std::string &clean);
    pq::Connection client() const; // of the pooler

    void pooled_setting();
    /// Makes them for the session, in the context of the own organization; `at`: where.
    Outcome leave_settings(pq::Connection &first, const std::vector<std::string> &names,
                           std::string &at) const;
    /// Runs them in the context of an organization, enters another one if there is a name, and
    /// commits.
    Outcome commit_as(const std::string &org, const std::vector<std::string> &statements,
                      const std::string &then = {}) const;
    void carry_out(pq::Connection &admin);
    void blind(Clone &clone, const std::string &object, const std::string &relation,
               const std::string &attack);
    void cascades(Clone &clone);
    void cascade(Clone &clone, Finding &finding, const std::vector<std::string> &statements,
                 const std::string &child);
    void deferred(Clone &clone);
    void judge_inherited(Finding &finding, pq::Connection &second) const;

    const Plan &plan_;
    const cli::Options &options_;
    std::vector<Table> seen_;
    bool switches_ = false; // the context may change in a transaction, and triggers wait
    std::vector<Finding> findings_;
};

} // namespace custody::probe
