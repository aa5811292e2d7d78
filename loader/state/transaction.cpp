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
    // The server answers COMMIT after a failed statement with ROLLBACK, and calls it no error.
    const auto result = connection_.exec("COMMIT");
    if (std::string_view(PQcmdStatus(result.raw())) != "COMMIT")
        throw Error(Exit::partial, "commit-refused",
                    "the target rolled the transaction back instead of committing it", "",
                    "run the same command again");
}

} // namespace custody::state
