// Plain C-style: no local has a destructor, an ERROR may jump over everything.
// Hashes are as good as random, so that their leading bits say nearly where each belongs: one pass
// counts, one distributes, and what shares a place (a few entries, or many equal rows) is sorted.
#include "extension/digest/hash_sorter.hpp"

#include "extension/digest/hash_runs.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

constexpr Size kFirstCapacity = 512;
constexpr int kMaxDigitBits = 18;
constexpr uint32 kInterruptMask = 0xFFFF;

struct SortKey {
    uint64 leading;
    uint32 entry;
};
constexpr Size kBytesPerEntry = sizeof(HashEntry) + sizeof(SortKey) + sizeof(uint32);

} // namespace

struct HashSorter {
    MemoryContext context;
    int bits; // of a bucket number
    Size limit;
    Size memory;
    HashEntry *entries;
    Size capacity;
    Size count;
    SortKey *order; // of the entries, once sorted
    Size order_capacity;
    Size next;
    HashRuns *runs; // nullptr while everything fits
};

namespace {

void grow_entries(HashSorter *sorter) {
    sorter->capacity = Min(sorter->capacity * 2, sorter->limit);
    sorter->entries = static_cast<HashEntry *>(
        repalloc_huge(sorter->entries, sizeof(HashEntry) * sorter->capacity));
}

/// About a quarter as many places as entries, so that counting costs less than it saves.
int digit_bits(Size count) {
    int bits = 0;
    while (bits < kMaxDigitBits && (Size{4} << bits) < count) {
        ++bits;
    }
    return bits;
}

struct KeyLess {
    const HashEntry *entries;
    bool operator()(const SortKey &a, const SortKey &b) const {
        return a.leading != b.leading ? a.leading < b.leading
                                      : hash_less(entries + a.entry, entries + b.entry);
    }
};

/// Distributes the keys by their first bits; `ends` gets where each place ends.
void distribute(HashSorter *sorter, int digit, uint32 *ends) {
    const int shift = 64 - digit;
    memset(ends, 0, sizeof(uint32) << digit);
    for (Size i = 0; i < sorter->count; ++i) {
        ++ends[digit == 0 ? 0 : leading_bits(sorter->entries + i, sorter->bits) >> shift];
    }
    uint32 start = 0;
    for (Size place = 0; place < Size{1} << digit; ++place) {
        const uint32 count = ends[place];
        ends[place] = start;
        start += count;
    }
    for (Size i = 0; i < sorter->count; ++i) {
        const uint64 leading = leading_bits(sorter->entries + i, sorter->bits);
        sorter->order[ends[digit == 0 ? 0 : leading >> shift]++] = {leading,
                                                                    static_cast<uint32>(i)};
    }
}

void sort_in_memory(HashSorter *sorter) {
    if (sorter->order_capacity < sorter->count) {
        if (sorter->order != nullptr) {
            pfree(sorter->order);
        }
        sorter->order = static_cast<SortKey *>(
            MemoryContextAllocHuge(sorter->context, sizeof(SortKey) * (sorter->count + 1)));
        sorter->order_capacity = sorter->count;
    }
    const int digit = digit_bits(sorter->count);
    auto *ends =
        static_cast<uint32 *>(MemoryContextAlloc(sorter->context, sizeof(uint32) << digit));
    distribute(sorter, digit, ends);
    uint32 start = 0;
    for (uint32 place = 0; place < uint32{1} << digit; ++place) {
        std::sort(sorter->order + start, sorter->order + ends[place], KeyLess{sorter->entries});
        start = ends[place];
        if ((place & kInterruptMask) == 0) {
            CHECK_FOR_INTERRUPTS();
        }
    }
    pfree(ends);
    sorter->next = 0;
}

void spill(HashSorter *sorter) {
    sort_in_memory(sorter);
    if (sorter->runs == nullptr) {
        MemoryContext caller = MemoryContextSwitchTo(sorter->context);
        sorter->runs = make_runs(sorter->bits, sorter->memory);
        MemoryContextSwitchTo(caller);
    }
    begin_run(sorter->runs);
    for (Size i = 0; i < sorter->count; ++i) {
        write_entry(sorter->runs, sorter->entries + sorter->order[i].entry);
    }
    end_run(sorter->runs);
    sorter->count = 0;
}

} // namespace

HashSorter *make_sorter(uint32 buckets, Size memory) {
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "custody hashes", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    auto *sorter = static_cast<HashSorter *>(palloc0(sizeof(HashSorter)));
    sorter->context = context;
    sorter->memory = memory;
    while ((uint32{1} << sorter->bits) < buckets) {
        ++sorter->bits;
    }
    sorter->limit = Max(Min(memory / kBytesPerEntry, Size{PG_INT32_MAX}), kFirstCapacity);
    sorter->capacity = kFirstCapacity;
    sorter->entries = static_cast<HashEntry *>(palloc(sizeof(HashEntry) * sorter->capacity));
    MemoryContextSwitchTo(caller);
    return sorter;
}

void add_hash(HashSorter *sorter, uint32 bucket, const RowHash *row_hash) {
    if (unlikely(sorter->count == sorter->capacity)) {
        if (sorter->capacity < sorter->limit) {
            grow_entries(sorter);
        } else {
            spill(sorter);
        }
    }
    HashEntry *entry = sorter->entries + sorter->count++;
    entry->bucket = bucket;
    memcpy(entry->hash, row_hash->words.data(), sizeof(entry->hash));
}

void sort_hashes(HashSorter *sorter) {
    if (sorter->runs == nullptr) {
        sort_in_memory(sorter);
        return;
    }
    if (sorter->count > 0) {
        spill(sorter);
    }
    pfree(sorter->entries); // the merge wants its room
    pfree(sorter->order);
    sorter->entries = nullptr;
    sorter->order = nullptr;
    begin_merge(sorter->runs);
}

bool next_hash(HashSorter *sorter, uint32 *bucket, RowHash *row_hash) {
    const HashEntry *entry;
    if (sorter->runs != nullptr) {
        entry = next_merged(sorter->runs);
        if (entry == nullptr) {
            return false;
        }
    } else if (sorter->next < sorter->count) {
        entry = sorter->entries + sorter->order[sorter->next++].entry;
    } else {
        return false;
    }
    *bucket = entry->bucket;
    memcpy(row_hash->words.data(), entry->hash, sizeof(entry->hash));
    return true;
}

void end_sorter(HashSorter *sorter) {
    if (sorter->runs != nullptr) {
        end_runs(sorter->runs);
    }
    MemoryContextDelete(sorter->context);
}

} // namespace custody::digest
