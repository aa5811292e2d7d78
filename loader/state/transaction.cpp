#include "loader/state/transaction.hpp"

namespace custody::state {

Transaction::Transaction(pq::Connection &connection)
    : connection_(connection), own_(!connection.in_transaction()) {
    if (own_)
        connection_.exec("BEGIN");
}

Transaction::~Transaction() {
    if (!own_ || !connection_.alive())
        return;
    try {
        connection_.exec("ROLLBACK");
    } catch (const Error &) {
        // The connection is gone, and the transaction with it.
    }
}

void Transaction::commit() {
    if (!own_)
        return;
    own_ = false;
    connection_.exec("COMMIT");
}

} // namespace custody::state
