// Progress of a scan, as custody.digest_progress shows it. An extension cannot add a command to the
// server's progress reporting, so a scan borrows the slot of CLUSTER, whose parameters fit: rows
// and blocks of the table mean the same there, and CLUSTER itself never runs beside us. A backend
// that reports another command already (COPY of a query that calls us) goes on reporting that.
// Plain C-style. When an ERROR ends the transaction the server ends the report.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// As custody.digest_progress names them.
enum class ScanKind : int { migration_scan = 1, table_digest, table_buckets, bucket_rows };

struct ScanProgress {
    bool shown;
    int64 rows;
    int64 relations;
    int64 blocks_before; // of the relations that are done
    BlockNumber blocks;  // of the one that is scanned
    BlockNumber first;   // where its scan began: the server may start in the middle
};

/// What a scan is to do; the rows are an estimate.
struct ScanSize {
    int64 relations;
    int64 blocks;
    int64 rows;
};

void begin_progress(ScanProgress *progress, Oid root, ScanKind kind, const ScanSize *size);
void begin_relation(ScanProgress *progress, Relation relation);
void report_progress(ScanProgress *progress, BlockNumber block);
void end_relation(ScanProgress *progress);
/// The scan is over, its hashes are being sorted.
void report_sorting(const ScanProgress *progress);
void end_progress(ScanProgress *progress);

inline void count_row(ScanProgress *progress, const TupleTableSlot *slot) {
    constexpr int64 kEvery = 4096;
    if (unlikely(++progress->rows % kEvery == 0 || progress->first == InvalidBlockNumber)) {
        report_progress(progress, ItemPointerGetBlockNumberNoCheck(&slot->tts_tid));
    }
}

} // namespace custody::digest
