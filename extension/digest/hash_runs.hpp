// Sorted runs of hashes in temporary files, and their merge. Plain C-style; see hash_sorter.hpp,
// the only user.
#pragma once

#include "common/digest_value.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// A hash with its bucket, in memory and in the files. Words of 32 bits, so that it takes no more
/// room than it has bytes.
struct HashEntry {
    uint32 bucket;
    uint32 hash[8]; // the words of a RowHash
};
static_assert(sizeof(HashEntry) == 36);

inline uint64 hash_word(const HashEntry *entry, int word) {
    uint64 value;
    memcpy(&value, entry->hash + 2 * word, sizeof(value));
    return value;
}

/// The first 64 bits of (bucket, hash); `bits` of them are the bucket's. Where these agree, the
/// buckets do, and the hashes decide.
inline uint64 leading_bits(const HashEntry *entry, int bits) {
    const uint64 first = hash_word(entry, 0);
    return bits == 0 ? first : (uint64{entry->bucket} << (64 - bits)) | (first >> bits);
}

inline bool hash_less(const HashEntry *a, const HashEntry *b) {
    for (int i = 0; i < 4; ++i) {
        const uint64 x = hash_word(a, i);
        const uint64 y = hash_word(b, i);
        if (x != y) {
            return x < y;
        }
    }
    return false;
}

struct HashRuns;

/// Runs in the current memory context; `memory` bytes for buffers while they are merged.
HashRuns *make_runs(int bucket_bits, Size memory);
void end_runs(HashRuns *runs);

/// A run is what is written between these two, in ascending order.
void begin_run(HashRuns *runs);
void write_entry(HashRuns *runs, const HashEntry *entry);
void end_run(HashRuns *runs);

/// Merges all runs; the entries then come in order. nullptr after the last; the entry is valid
/// until the next call.
void begin_merge(HashRuns *runs);
const HashEntry *next_merged(HashRuns *runs);

} // namespace custody::digest
