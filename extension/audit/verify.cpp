// Plain C-style: no local has a destructor.
// custody.verify_stored(), the part of custody.verify_ledger() that reads every byte.
#include "extension/audit/verify_fold.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr const char *kChecks[] = {"chain", "membership", "roots", "payloads", "descriptors"};
constexpr int kColumns = 9;
/// Of one check; more are counted only.
constexpr uint64 kMostFindings = 1000;

void put_finding(Verify *verify, const Finding *finding, const char *status) {
    const BlockFrame *frame =
        finding->block < kTail ? frame_of(&verify->frame, finding->block) : nullptr;
    const bool in_block = finding->block > kOutside && finding->block < kTail;
    Datum values[kColumns] = {CStringGetTextDatum(kChecks[static_cast<int>(finding->check)]),
                              finding->object == nullptr ? (Datum)0
                                                         : CStringGetTextDatum(finding->object),
                              Int64GetDatum(static_cast<int64>(finding->block)),
                              CStringGetTextDatum(status),
                              CStringGetTextDatum(finding->detail),
                              frame == nullptr ? (Datum)0 : TimestampTzGetDatum(frame->sealed_at),
                              Int32GetDatum(finding->table),
                              Int32GetDatum(finding->descriptor),
                              PointerGetDatum(finding->key)};
    bool nulls[kColumns] = {false,
                            finding->object == nullptr,
                            !in_block,
                            false,
                            false,
                            frame == nullptr,
                            finding->table < 0,
                            finding->descriptor < 0,
                            finding->key == nullptr};
    digest::put_row(&verify->found, values, nulls);
}

void put_summary(Verify *verify, Check check, const char *done) {
    const uint64 refuted = verify->refuted[static_cast<int>(check)];
    const bool any = verify->blocks > 0 || check == Check::descriptors;
    const char *object = verify->blocks == 0
                             ? "no block"
                             : psprintf("blocks " UINT64_FORMAT " to " UINT64_FORMAT,
                                        verify->frame.from, verify->frame.to);
    Finding finding = {check, object, 0, done, -1, -1, nullptr};
    if (refuted > 0) {
        finding.detail = psprintf(UINT64_FORMAT " findings; %s", refuted, done);
    }
    put_finding(verify, &finding, refuted > 0 ? "refuted" : any ? "proven" : "unproven");
}

void put_unproven(Verify *verify, Check check, const char *object, const char *detail) {
    const Finding finding = {check, object, 0, detail, -1, -1, nullptr};
    put_finding(verify, &finding, "unproven");
}

void put_summaries(Verify *verify) {
    put_summary(verify, Check::chain, psprintf(UINT64_FORMAT " blocks", verify->blocks));
    put_summary(verify, Check::membership,
                psprintf(UINT64_FORMAT " transactions", verify->transactions));
    put_summary(verify, Check::roots, psprintf("%u organizations", verify->orgs->count));
    put_summary(verify, Check::payloads,
                psprintf(UINT64_FORMAT " events, " UINT64_FORMAT " of them erased", verify->events,
                         verify->erased));
    put_summary(verify, Check::descriptors, "texts give their hashes");
    if (verify->tail > 0) {
        put_unproven(verify, Check::membership, "not sealed",
                     psprintf(UINT64_FORMAT " transactions are in no block yet", verify->tail));
    }
    if (verify->unknown > 0) {
        put_unproven(verify, Check::membership, "of another lineage",
                     psprintf(UINT64_FORMAT " transactions are in no block, and no block to come "
                                            "will have them unless it adopts them",
                              verify->unknown));
    }
    if (verify->pruned > 0) {
        put_unproven(
            verify, Check::payloads, "pruned",
            psprintf("the events of " UINT64_FORMAT " transactions were pruned", verify->pruned));
    }
}

/// What incarnations are known by is their hash: it follows from what their rows say.
void check_incarnations(Verify *verify) {
    for (int i = 0; i < verify->frame.known.count; ++i) {
        const LedgerIncarnation *one = verify->frame.known.all + i;
        const LedgerIncarnation made = make_incarnation(one->system, one->timeline, one->database);
        if (made.hash != one->hash || made.name != one->name) {
            const Finding finding = {Check::chain,
                                     psprintf("incarnation " INT64_FORMAT, one->name),
                                     0,
                                     "its server, timeline and database do not give its hash",
                                     -1,
                                     -1,
                                     nullptr};
            refute(verify, &finding);
        }
    }
}

uint64 block_argument(FunctionCallInfo fcinfo, int number, uint64 absent) {
    if (PG_ARGISNULL(number)) {
        return absent;
    }
    const int64 block = PG_GETARG_INT64(number);
    if (block < 1) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, "blocks have numbers from 1 on",
                  psprintf("The number is " INT64_FORMAT ".", block));
    }
    return static_cast<uint64>(block);
}

} // namespace

void refute(Verify *verify, const Finding *finding) {
    if (verify->refuted[static_cast<int>(finding->check)]++ < kMostFindings) {
        put_finding(verify, finding, "refuted");
    }
}

CUSTODY_FUNCTION(custody_verify_stored) {
    Verify verify = {};
    verify.found = digest::make_row_set(fcinfo);
    verify.snapshot = RegisterSnapshot(GetActiveSnapshot());
    verify.ledger = stored_ledger(verify.snapshot).id; // the rest is for custody.verify_form()
    verify.per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody verify row", ALLOCSET_DEFAULT_SIZES);
    verify.records = make_record_sorter(maintenance_work_mem);
    begin_record(&verify.record);
    verify.orgs = make_org_table();
    verify.folds = make_fold_table(Size{1024} * static_cast<Size>(maintenance_work_mem));
    verify.frame =
        read_frame(verify.snapshot, block_argument(fcinfo, 0, 1), block_argument(fcinfo, 1, 0));
    check_incarnations(&verify);
    read_descriptors(&verify);
    // Once its partitions are locked nothing more of it is pruned; what was until then is said by
    // records that the snapshot may be too old to see.
    verify.partitions = leaf_partitions("event", AccessShareLock);
    read_prunes(&verify);
    read_rows(&verify);
    walk(&verify);
    put_summaries(&verify);
    UnregisterSnapshot(verify.snapshot);
    return (Datum)0;
}

} // namespace custody::audit
