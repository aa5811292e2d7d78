// Records of bytes, sorted by their bytes: in memory as long as they fit, otherwise in temporary
// files of the server. For what does not come in the order of the ledger. Plain C-style.
#pragma once

#include "extension/digest/row_buffer.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::audit {

using RecordSorter = Tuplesortstate;

/// `memory` in kB.
RecordSorter *make_record_sorter(int memory);

/// Begins a record in a buffer that is used for all of them, all zero at first.
void begin_record(digest::RowBuffer *record);
/// The buffer's record joins the others.
void put_record(RecordSorter *sorter, digest::RowBuffer *record);

/// After the last record was put, before the first is taken.
inline void sort_records(RecordSorter *sorter) { tuplesort_performsort(sorter); }

/// The next one's bytes, valid until the next call; false after the last. `held` is what the caller
/// keeps between calls, nullptr at first.
bool next_record(RecordSorter *sorter, struct varlena **held, const std::byte **bytes,
                 Size *length);

inline void end_record_sorter(RecordSorter *sorter) { tuplesort_end(sorter); }

} // namespace custody::audit
