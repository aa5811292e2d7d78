// A transaction for the length of a scope: begun unless the connection is in one already (then
// it joins that one and leaves its end to the caller), rolled back unless commit() was called.
#pragma once

#include "loader/pq/connection.hpp"

namespace custody::state {

class Transaction {
  public:
    explicit Transaction(pq::Connection &connection);
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;
    ~Transaction();

    void commit();

  private:
    pq::Connection &connection_;
    bool own_;
};

} // namespace custody::state
