// Row hashes in the order of (bucket, hash), for the evidence profile: sorted in memory as long as
// they fit, otherwise in runs that go to temporary files and are merged. The files are the
// server's: counted in its statistics, limited by temp_file_limit, gone with the resource owner.
// Plain C-style: all memory is of a child of the context that is current in make_sorter().
#pragma once

#include "common/digest_value.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

struct HashSorter;

/// `buckets` is a power of two up to kMaxBuckets. About `memory` bytes are used before the first
/// run is spilled, and again while runs are merged.
HashSorter *make_sorter(uint32 buckets, Size memory);

void add_hash(HashSorter *sorter, uint32 bucket, const RowHash *row_hash);

/// After the last hash was added, before the first is taken.
void sort_hashes(HashSorter *sorter);

/// False after the last.
bool next_hash(HashSorter *sorter, uint32 *bucket, RowHash *row_hash);

/// Frees memory and files.
void end_sorter(HashSorter *sorter);

} // namespace custody::digest
