// custody.verify_ledger() on the bytes that are stored: every table of the ledger is read from its
// heap, never through an index, and what the format hashes is hashed again. All goes through one
// sort, in the order of the blocks, so that memory stays bounded whatever the order of the rows:
// verify_frame (blocks, and which transaction is in which), verify_rows (rows become records),
// verify_walk (records in their order, block by block), verify_events (a transaction's events),
// verify_chain (block, links, slots). Plain C-style.
#pragma once

#include "extension/audit/incarnations.hpp"
#include "extension/audit/ledger_snapshot.hpp"
#include "extension/audit/org_table.hpp"
#include "extension/audit/record_sorter.hpp"
#include "extension/audit/seal.hpp"
#include "extension/digest/row_set.hpp"

namespace custody::audit {

/// Rows in no block (yet), and of an incarnation that the ledger does not know, come after all.
inline constexpr uint64 kTail = PG_UINT64_MAX - 1;
inline constexpr uint64 kUnknown = PG_UINT64_MAX;
/// Rows that are none of this verification's business.
inline constexpr uint64 kOutside = 0;

enum class Section : std::uint8_t { block = 0, transaction = 1, link = 2 };

/// What is known of a block before its turn comes.
struct BlockFrame {
    uint64 number;
    int32 lineage;
    TimestampTz sealed_at;
    LedgerSnapshot snapshot;
};

struct AdoptedBy {
    Adopted one;
    uint64 block;
};

struct Frame {
    MemoryContext memory;
    uint64 from;
    uint64 to;          // the last block, or what was asked for
    bool with_tail;     // nothing but the end of the ledger ends it
    BlockFrame *blocks; // of the range and the one before it, by number
    Size count;
    Size room;
    BlockFrame **by_lineage; // the same, each lineage's from lineage_starts[lineage] on
    Size *lineage_starts;
    BlockFrame *before; // by lineage: the last one below the range; number 0: none
    int32 lineages;
    int32 last_lineage; // of the last block of the ledger
    AdoptedBy *adopted; // ascending by incarnation and xid
    Size adopted_count;
    Size adopted_room;
    LedgerIncarnations known;
    LedgerIncarnation here; // of the server, while it is not a standby
};

struct DescriptorEntry {
    ledger::Hash hash; // of the text that is stored
    int32 table;
    bool known;
};

/// Events of transactions that began in it were pruned, says a record (custody.verify_prunes()).
struct PrunedTime {
    TimestampTz lower;
    TimestampTz upper;
};

enum class Check : std::uint8_t { chain, membership, roots, payloads, descriptors, count };

struct FoldTable;

struct Verify {
    Snapshot snapshot;
    Frame frame;
    ledger::Uuid ledger;
    RecordSorter *records;
    digest::RowBuffer record;
    OrgTable *orgs;
    FoldTable *folds;
    DescriptorEntry *descriptors; // by id
    int32 descriptor_count;
    List *prunes;     // of PrunedTime
    List *partitions; // of event, in the order of their numbers in records
    digest::RowSet found;
    // counts
    uint64 blocks;
    uint64 transactions;
    uint64 events;
    uint64 erased; // events of which key or images are gone
    uint64 pruned; // transactions
    uint64 tail;   // transactions
    uint64 unknown;
    uint64 refuted[static_cast<int>(Check::count)];
    MemoryContext per_row;
};

/// Where an event is stored, to name it when it is not as it was.
struct EventPlace {
    uint32 partition;
    ItemPointerData tid;
    TransactionId xmin;
};

Frame read_frame(Snapshot snapshot, uint64 from, uint64 to);
const BlockFrame *frame_of(const Frame *frame, uint64 block);
/// Number of the block that has the transaction; or one of the constants above.
uint64 block_of(Frame *frame, int64 incarnation, uint64 xid);

/// Blocks, transactions, events and links of the range become records; the links before it become
/// the state of the organizations.
void read_rows(Verify *verify);
void read_descriptors(Verify *verify);
/// All that were committed up to now, whatever the snapshot sees.
void read_prunes(Verify *verify);
bool is_pruned(const Verify *verify, TimestampTz at);

void walk(Verify *verify);

/// One finding. `since`: the block's time. The last three name a row; table -1: none.
struct Finding {
    Check check;
    const char *object;
    uint64 block;
    const char *detail;
    int32 table;
    int32 descriptor;
    const struct varlena *key;
};
void refute(Verify *verify, const Finding *finding);

} // namespace custody::audit
