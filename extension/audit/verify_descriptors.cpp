// Plain C-style: no local has a destructor.
#include "extension/audit/verify.hpp"

#include "extension/audit/image_table.hpp"

namespace custody::audit {

namespace {

enum DescriptorColumn : AttrNumber { kId = 1, kTable, kVersion, kHash, kText };

/// More than versions of tables there are; somebody's number would take all memory else.
constexpr int32 kMostDescriptors = 1 << 24;

void take_descriptor(Verify *verify, const LedgerRow *row) {
    const int32 id = DatumGetInt32(value_in(row, kId));
    if (id < 0 || id > kMostDescriptors || row->nulls[kText]) {
        return; // an event that names it is refuted
    }
    if (id >= verify->descriptor_count) {
        const int32 count = Max(64, id * 2);
        auto *wider = static_cast<DescriptorEntry *>(MemoryContextAllocExtended(
            GetMemoryChunkContext(verify->descriptors), sizeof(DescriptorEntry) * Size(count),
            MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE));
        memcpy(static_cast<void *>(wider), verify->descriptors,
               sizeof(DescriptorEntry) * Size(verify->descriptor_count));
        pfree(verify->descriptors);
        verify->descriptors = wider;
        verify->descriptor_count = count;
    }
    const ledger::Bytes text = bytes_in(row, kText);
    DescriptorEntry *entry = verify->descriptors + id;
    entry->hash = ledger::descriptor_hash(
        ledger_text(reinterpret_cast<const char *>(text.data()), text.size()));
    entry->table = row->nulls[kTable] ? 0 : DatumGetInt32(row->values[kTable]);
    entry->known = true;
    if (row->nulls[kHash] || bytes_in(row, kHash).size() != entry->hash.size() ||
        hash_in(row, kHash) != entry->hash) {
        const Finding finding = {Check::descriptors,
                                 psprintf("descriptor %d", id),
                                 0,
                                 "its text does not give its hash",
                                 entry->table,
                                 -1,
                                 nullptr};
        refute(verify, &finding);
    }
}

} // namespace

void read_descriptors(Verify *verify) {
    verify->descriptor_count = 64;
    verify->descriptors = static_cast<DescriptorEntry *>(palloc0(sizeof(DescriptorEntry) * 64));
    Relation relation = open_ledger_table("descriptor", AccessShareLock);
    SysScanDesc scan =
        systable_beginscan(relation, InvalidOid, false, verify->snapshot, 0, nullptr);
    MemoryContext caller = MemoryContextSwitchTo(verify->per_row);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(relation), &row);
        take_descriptor(verify, &row);
        MemoryContextReset(verify->per_row);
    }
    MemoryContextSwitchTo(caller);
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
}

} // namespace custody::audit
