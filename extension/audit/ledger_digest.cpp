// Plain C-style: no local has a destructor.
// custody.ledger_digest(), what an anchor keeps; custody.seal_lag(), how far the blocks are behind;
// custody.note_incarnation().
#include "extension/audit/seal.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// The last block that others committed: one that this transaction made may yet be rolled back.
bool read_last_block(Snapshot snapshot, LedgerRow *row, TransactionId *sealer) {
    Relation relation = open_ledger_table("block", AccessShareLock);
    Relation index = index_open(btree_on(relation, kBlockNumber), AccessShareLock);
    SysScanDesc scan = systable_beginscan_ordered(relation, index, snapshot, 0, nullptr);
    HeapTuple tuple;
    bool found = false;
    while (!found &&
           HeapTupleIsValid(tuple = systable_getnext_ordered(scan, BackwardScanDirection))) {
        if (!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data))) {
            *sealer = HeapTupleHeaderGetXmin(tuple->t_data);
            take_apart(heap_copytuple(tuple), RelationGetDescr(relation), row);
            found = true;
        }
    }
    systable_endscan_ordered(scan);
    index_close(index, AccessShareLock);
    table_close(relation, AccessShareLock);
    return found;
}

void add_text(StringInfo json, const char *member, const char *value) {
    appendStringInfoString(json, json->len == 0 ? "{" : ", ");
    escape_json(json, member);
    appendStringInfoString(json, ": ");
    escape_json(json, value);
}

const char *hexadecimal(ledger::Bytes bytes) {
    auto *text = static_cast<char *>(palloc(bytes.size() * 2 + 1));
    text[hex_encode(reinterpret_cast<const char *>(bytes.data()), bytes.size(), text)] = '\0';
    return text;
}

const char *uuid_text(const ledger::Uuid *id) {
    return DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(id->data())));
}

/// For the eye: the bytes of a name may be of another database's encoding, and a digest is UTF-8.
char *database_name() {
    char *name = get_database_name(MyDatabaseId);
    const int encoding = GetDatabaseEncoding() == PG_SQL_ASCII ? PG_UTF8 : GetDatabaseEncoding();
    if (!pg_verify_mbstr(encoding, name, static_cast<int>(strlen(name)), true)) {
        for (char *c = name; *c != '\0'; ++c) {
            *c = IS_HIGHBIT_SET(*c) ? '?' : *c;
        }
    }
    return name;
}

const char *digest_text(Snapshot snapshot, const LedgerRow *block) {
    const LedgerIncarnations known = read_incarnations(snapshot);
    const LedgerIncarnation *incarnation =
        find_incarnation(&known, DatumGetInt64(value_in(block, kBlockIncarnation)));
    if (incarnation == nullptr) {
        pg::raise(ERRCODE_DATA_CORRUPTED, "the last block's incarnation is unknown");
    }
    const ledger::Uuid id = ledger_id(snapshot);
    StringInfoData json;
    initStringInfo(&json);
    add_text(&json, "format", "custody-digest-1");
    add_text(&json, "ledger", uuid_text(&id));
    add_text(&json, "database", database_name());
    add_text(&json, "incarnation", hexadecimal(incarnation->hash));
    appendStringInfo(&json, ", \"block\": " INT64_FORMAT,
                     DatumGetInt64(value_in(block, kBlockNumber)));
    add_text(&json, "hash", hexadecimal(bytes_in(block, kBlockHash)));
    add_text(&json, "previous", hexadecimal(bytes_in(block, kBlockPrevious)));
    add_text(&json, "sealed_at",
             psprintf(INT64_FORMAT, DatumGetTimestampTz(value_in(block, kBlockSealedAt))));
    add_text(&json, "lsn", psprintf(UINT64_FORMAT, DatumGetLSN(value_in(block, kBlockLsn))));
    appendStringInfoChar(&json, '}');
    return json.data;
}

} // namespace

CUSTODY_FUNCTION(custody_ledger_digest) {
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    PushActiveSnapshot(snapshot);
    LedgerRow block;
    TransactionId sealer = InvalidTransactionId;
    const char *digest = nullptr;
    if (read_last_block(snapshot, &block, &sealer)) {
        digest = digest_text(snapshot, &block);
    }
    PopActiveSnapshot();
    UnregisterSnapshot(snapshot);
    if (digest == nullptr) {
        PG_RETURN_NULL();
    }
    if (!RecoveryInProgress()) {
        // A commit may be seen before it is on disk (a superuser can make a seal of that kind).
        // Not the end of the log: on a page's boundary the server names a place that is not there
        // yet.
        XLogFlush(TransactionIdGetCommitLSN(sealer));
    }
    PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(digest)));
}

} // namespace custody::audit
