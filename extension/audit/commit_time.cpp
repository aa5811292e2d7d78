// Plain C-style: no local has a destructor.
// When transactions committed, for as long as the server keeps it (track_commit_timestamp).
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// Of later ones the server may have used the number again.
constexpr uint64 kKeptTransactions = 2000000000;

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_exact_commit_time) {
    const FullTransactionId xid = DatumGetFullTransactionId(PG_GETARG_DATUM(0));
    const uint64 age =
        U64FromFullTransactionId(ReadNextFullTransactionId()) - U64FromFullTransactionId(xid);
    TimestampTz at;
    // A standby has what its primary keeps, which its own setting does not tell.
    if (!track_commit_timestamp || RecoveryInProgress() ||
        PG_GETARG_INT64(1) != PG_GETARG_INT64(2) || age >= custody::audit::kKeptTransactions ||
        !TransactionIdIsNormal(XidFromFullTransactionId(xid)) ||
        !TransactionIdGetCommitTsData(XidFromFullTransactionId(xid), &at, nullptr)) {
        PG_RETURN_NULL();
    }
    PG_RETURN_TIMESTAMPTZ(at);
}
