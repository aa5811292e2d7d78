// Plain C-style: no local has a destructor.
#include "extension/digest/scan_progress.hpp"

namespace custody::digest {

namespace {

// Where CLUSTER has its own meaning for a parameter, ours is that; its view shows them.
constexpr int kPhase = PROGRESS_CLUSTER_PHASE;
constexpr int kRows = PROGRESS_CLUSTER_HEAP_TUPLES_SCANNED;
constexpr int kBlocksTotal = PROGRESS_CLUSTER_TOTAL_HEAP_BLKS;
constexpr int kBlocks = PROGRESS_CLUSTER_HEAP_BLKS_SCANNED;
// Free in CLUSTER's.
constexpr int kRowsExpected = 10;
constexpr int kRelationsTotal = 11;
constexpr int kRelations = 12;
constexpr int kRelation = 13;
constexpr int kKind = 19;
// Tells our reports from those of CLUSTER: "cust" above the kind.
constexpr int64 kMark = int64{0x63757374} << 8;

bool slot_is_free() {
    return MyBEEntry != nullptr && pgstat_track_activities &&
           MyBEEntry->st_progress_command == PROGRESS_COMMAND_INVALID;
}

} // namespace

void begin_progress(ScanProgress *progress, Oid root, ScanKind kind, const ScanSize *size) {
    *progress = {};
    progress->shown = slot_is_free();
    if (!progress->shown) {
        return;
    }
    pgstat_progress_start_command(PROGRESS_COMMAND_CLUSTER, root);
    const int index[] = {kPhase, kBlocksTotal, kRowsExpected, kRelationsTotal, kKind};
    const int64 value[] = {PROGRESS_CLUSTER_PHASE_SEQ_SCAN_HEAP, size->blocks, size->rows,
                           size->relations, kMark | static_cast<int64>(kind)};
    pgstat_progress_update_multi_param(5, index, value);
}

void begin_relation(ScanProgress *progress, Relation relation) {
    progress->blocks = RelationGetNumberOfBlocks(relation);
    progress->first = InvalidBlockNumber;
    if (progress->shown) {
        pgstat_progress_update_param(kRelation, RelationGetRelid(relation));
    }
}

void report_progress(ScanProgress *progress, BlockNumber block) {
    if (progress->first == InvalidBlockNumber) {
        progress->first = block == InvalidBlockNumber ? 0 : block;
    }
    if (!progress->shown) {
        return;
    }
    // Other access methods may give tids that say nothing about blocks: never more than there are.
    const int64 passed = block >= progress->first
                             ? int64{block} - progress->first
                             : int64{progress->blocks} - progress->first + block;
    const int index[] = {kRows, kBlocks};
    const int64 value[] = {progress->rows, progress->blocks_before +
                                               Max(Min(passed, int64{progress->blocks}), int64{0})};
    pgstat_progress_update_multi_param(2, index, value);
}

void end_relation(ScanProgress *progress) {
    progress->blocks_before += progress->blocks;
    ++progress->relations;
    if (progress->shown) {
        const int index[] = {kRows, kBlocks, kRelations};
        const int64 value[] = {progress->rows, progress->blocks_before, progress->relations};
        pgstat_progress_update_multi_param(3, index, value);
    }
}

void report_sorting(const ScanProgress *progress) {
    if (progress->shown) {
        pgstat_progress_update_param(kPhase, PROGRESS_CLUSTER_PHASE_SORT_TUPLES);
    }
}

void end_progress(ScanProgress *progress) {
    if (progress->shown) {
        pgstat_progress_end_command();
        progress->shown = false;
    }
}

} // namespace custody::digest
