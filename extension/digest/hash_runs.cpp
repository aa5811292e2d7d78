// Plain C-style: no local has a destructor, an ERROR may jump over everything.
// Runs of one level are written one after the other into one file. When a level is full, its runs
// are merged into one of the next level and its file goes, so that the number of runs that are
// merged at once, and with it the memory, stays small whatever the number of rows is.
#include "extension/digest/hash_runs.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

constexpr int kBlockEntries = BLCKSZ / static_cast<int>(sizeof(HashEntry));
constexpr int kMaxLevels = 24; // of eight runs each at the least: more than fits into any disk

struct Run {
    int fileno;
    off_t offset;
    uint64 entries;
};

struct Level {
    BufFile *file;
    Run *runs;
    int count;
};

/// Where one run is read.
struct Cursor {
    BufFile *file;
    int fileno;
    off_t offset;
    uint64 unread;
    HashEntry *block;
    int at;
    int count;
    uint64 leading;
};

struct Merge {
    int count;
    Cursor *cursors;
    Cursor **heap; // the least first
    HashEntry *blocks;
    bool taken; // the least has been handed out
};

} // namespace

struct HashRuns {
    MemoryContext context;
    int bits;
    int fan_in;
    Level levels[kMaxLevels];
    Level *writing;
    HashEntry *block; // of the run that is being written
    int held;
    Merge merge;
};

namespace {

bool less(const Cursor *a, const Cursor *b) {
    return a->leading != b->leading ? a->leading < b->leading
                                    : hash_less(a->block + a->at, b->block + b->at);
}

/// Lets the cursor stand on its next entry; false behind the last.
bool load(const HashRuns *runs, Cursor *cursor) {
    if (cursor->at == cursor->count) {
        if (cursor->unread == 0) {
            return false;
        }
        CHECK_FOR_INTERRUPTS();
        cursor->count = static_cast<int>(Min(cursor->unread, uint64{kBlockEntries}));
        const size_t bytes = sizeof(HashEntry) * cursor->count;
        if (BufFileSeek(cursor->file, cursor->fileno, cursor->offset, SEEK_SET) != 0 ||
            BufFileRead(cursor->file, cursor->block, bytes) != bytes) {
            pg::raise(ERRCODE_IO_ERROR, "could not read row hashes from a temporary file");
        }
        BufFileTell(cursor->file, &cursor->fileno, &cursor->offset);
        cursor->unread -= cursor->count;
        cursor->at = 0;
    }
    cursor->leading = leading_bits(cursor->block + cursor->at, runs->bits);
    return true;
}

void sift_down(Merge *merge, int at) {
    Cursor *moved = merge->heap[at];
    for (;;) {
        int child = 2 * at + 1;
        if (child >= merge->count) {
            break;
        }
        if (child + 1 < merge->count && less(merge->heap[child + 1], merge->heap[child])) {
            ++child;
        }
        if (!less(merge->heap[child], moved)) {
            break;
        }
        merge->heap[at] = merge->heap[child];
        at = child;
    }
    merge->heap[at] = moved;
}

void add_cursors(const HashRuns *runs, const Level *level, Merge *merge) {
    for (int i = 0; i < level->count; ++i) {
        Cursor *cursor = merge->cursors + merge->count;
        const Run *run = level->runs + i;
        *cursor = {level->file,
                   run->fileno,
                   run->offset,
                   run->entries,
                   merge->blocks + merge->count * kBlockEntries,
                   0,
                   0,
                   0};
        if (load(runs, cursor)) {
            merge->heap[merge->count++] = cursor;
        }
    }
}

/// Of the levels from first to last.
void open_merge(HashRuns *runs, int first, int last, Merge *merge) {
    int count = 0;
    for (int i = first; i <= last; ++i) {
        count += runs->levels[i].count;
    }
    MemoryContext caller = MemoryContextSwitchTo(runs->context);
    merge->count = 0;
    merge->taken = false;
    merge->cursors = static_cast<Cursor *>(palloc(sizeof(Cursor) * (count + 1)));
    merge->heap = static_cast<Cursor **>(palloc(sizeof(Cursor *) * (count + 1)));
    merge->blocks = static_cast<HashEntry *>(MemoryContextAllocHuge(
        runs->context, sizeof(HashEntry) * kBlockEntries * static_cast<Size>(count + 1)));
    MemoryContextSwitchTo(caller);
    for (int i = first; i <= last; ++i) {
        add_cursors(runs, runs->levels + i, merge);
    }
    for (int i = merge->count / 2 - 1; i >= 0; --i) {
        sift_down(merge, i);
    }
}

void close_merge(Merge *merge) {
    pfree(merge->blocks);
    pfree(merge->heap);
    pfree(merge->cursors);
}

const HashEntry *next_entry(const HashRuns *runs, Merge *merge) {
    if (merge->taken) {
        ++merge->heap[0]->at;
        if (!load(runs, merge->heap[0])) {
            merge->heap[0] = merge->heap[--merge->count];
        }
        if (merge->count > 0) {
            sift_down(merge, 0);
        }
    }
    merge->taken = merge->count > 0;
    return merge->taken ? merge->heap[0]->block + merge->heap[0]->at : nullptr;
}

void begin_run_of(HashRuns *runs, Level *level) {
    MemoryContext caller = MemoryContextSwitchTo(runs->context);
    if (level->runs == nullptr) {
        level->runs = static_cast<Run *>(palloc(sizeof(Run) * runs->fan_in));
    }
    if (level->file == nullptr) {
        level->file = BufFileCreateTemp(false);
    }
    MemoryContextSwitchTo(caller);
    Run *run = level->runs + level->count;
    BufFileTell(level->file, &run->fileno, &run->offset);
    run->entries = 0;
    runs->writing = level;
    runs->held = 0;
}

void flush(HashRuns *runs) {
    BufFileWrite(runs->writing->file, runs->block, sizeof(HashEntry) * runs->held);
    runs->writing->runs[runs->writing->count].entries += runs->held;
    runs->held = 0;
    CHECK_FOR_INTERRUPTS();
}

void merge_level(HashRuns *runs, int number) {
    Level *level = runs->levels + number;
    Merge merge;
    open_merge(runs, number, number, &merge);
    begin_run_of(runs, level + 1);
    while (const HashEntry *entry = next_entry(runs, &merge)) {
        write_entry(runs, entry);
    }
    close_merge(&merge);
    BufFileClose(level->file);
    level->file = nullptr;
    level->count = 0;
}

} // namespace

HashRuns *make_runs(int bucket_bits, Size memory) {
    auto *runs = static_cast<HashRuns *>(palloc0(sizeof(HashRuns)));
    runs->context = CurrentMemoryContext;
    runs->bits = bucket_bits;
    // Half of the memory for one level: the last merge has runs of several.
    runs->fan_in = static_cast<int>(Max(Min(memory / BLCKSZ / 2, Size{1024}), Size{8}));
    runs->block = static_cast<HashEntry *>(palloc(sizeof(HashEntry) * kBlockEntries));
    return runs;
}

void end_runs(HashRuns *runs) {
    for (Level &level : runs->levels) {
        if (level.file != nullptr) {
            BufFileClose(level.file);
            level.file = nullptr;
        }
    }
}

void begin_run(HashRuns *runs) { begin_run_of(runs, runs->levels); }

void write_entry(HashRuns *runs, const HashEntry *entry) {
    if (runs->held == kBlockEntries) {
        flush(runs);
    }
    runs->block[runs->held++] = *entry;
}

void end_run(HashRuns *runs) {
    for (int number = 0;; ++number) {
        flush(runs);
        ++runs->writing->count;
        if (runs->writing->count < runs->fan_in || number + 2 == kMaxLevels) {
            return;
        }
        merge_level(runs, number);
    }
}

void begin_merge(HashRuns *runs) { open_merge(runs, 0, kMaxLevels - 1, &runs->merge); }

const HashEntry *next_merged(HashRuns *runs) { return next_entry(runs, &runs->merge); }

} // namespace custody::digest
