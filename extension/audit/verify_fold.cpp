// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/verify_fold.hpp"

#include <bit>

namespace custody::audit {

namespace {

constexpr Size kFirstCells = 1024;

/// Neighbours stay neighbours, for the sake of the processor's caches, but only so many of them,
/// lest the runs of two incarnations meet.
Size cell_of(const FoldTable *table, int64 name, uint64 xid) {
    const uint64 run = ((xid >> 6) ^ static_cast<uint64>(name)) * UINT64CONST(0x9E3779B97F4A7C15);
    return static_cast<Size>((run >> 20) << 6 | (xid & 63)) & (table->cell_count - 1);
}

FoldEntry **find_cell(const FoldTable *table, int64 name, uint64 xid) {
    Size cell = cell_of(table, name, xid);
    while (table->cells[cell] != nullptr &&
           (table->cells[cell]->xid != xid || table->cells[cell]->name != name)) {
        cell = (cell + 1) & (table->cell_count - 1);
    }
    return table->cells + cell;
}

void make_cells(FoldTable *table, Size count) {
    table->cell_count = count;
    table->cells = static_cast<FoldEntry **>(MemoryContextAllocExtended(
        table->context, sizeof(FoldEntry *) * count, MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE));
}

void widen(FoldTable *table) {
    FoldEntry **cells = table->cells;
    const Size count = table->cell_count;
    make_cells(table, count * 2);
    for (Size i = 0; i < count; ++i) {
        if (cells[i] != nullptr) {
            *find_cell(table, cells[i]->name, cells[i]->xid) = cells[i];
        }
    }
    pfree(cells);
    table->memory += sizeof(FoldEntry *) * count;
}

/// A tree of so many leaves never has more peaks.
uint32 peaks_for(uint32 events) { return static_cast<uint32>(std::bit_width(events)); }

struct Sizes {
    int32 orgs;
    Size peaks;
};

Sizes sizes_of(ledger::Bytes orgs) {
    Sizes sizes = {};
    ledger::OrgReader reader(orgs);
    for (ledger::OrgTree org; reader.next(org);) {
        ++sizes.orgs;
        sizes.peaks += peaks_for(org.events);
    }
    return sizes;
}

void fill(FoldEntry *entry, ledger::Bytes orgs, std::span<const ledger::Hash> contexts,
          const Sizes *sizes) {
    entry->expected = reinterpret_cast<ExpectedOrg *>(entry + 1);
    auto *peaks = reinterpret_cast<ledger::Hash *>(entry->expected + sizes->orgs);
    entry->contexts = peaks + sizes->peaks;
    entry->context_count = static_cast<uint32>(contexts.size());
    auto *bytes = reinterpret_cast<std::byte *>(entry->contexts + contexts.size());
    if (!contexts.empty()) {
        memcpy(static_cast<void *>(entry->contexts), contexts.data(), contexts.size_bytes());
    }
    if (!orgs.empty()) {
        memcpy(bytes, orgs.data(), orgs.size());
    }
    ledger::OrgReader reader(ledger::Bytes(bytes, orgs.size()));
    for (ledger::OrgTree org; reader.next(org);) {
        const uint32 room = peaks_for(org.events);
        entry->expected[entry->expected_count++] = {org, {0, room, peaks}};
        peaks += room;
    }
}

void end_waiting(FoldEntry *entry) {
    if (entry->waiting != nullptr) {
        pfree(entry->waiting);
        entry->waiting = nullptr;
    }
    entry->waiting_count = 0;
}

void spoil(Verify *verify, FoldEntry *entry) {
    end_waiting(entry);
    entry->spoiled = true;
    verify->events -= entry->events;
    verify->erased -= entry->erased;
}

void grow_tree(FoldEntry *entry, int32 org, const ledger::Hash *leaf) {
    GrowingTree *tree = &entry->expected[org].tree;
    ledger::add_leaf(tree->peaks, tree->count, *leaf);
    ++tree->count;
}

/// The first `count` of those that wait, by their numbers, grow their trees; false where one comes
/// too late.
bool take_waiting(FoldEntry *entry, uint32 count) {
    if (!entry->in_order) {
        std::sort(entry->waiting, entry->waiting + entry->waiting_count,
                  [](const WaitingLeaf &a, const WaitingLeaf &b) { return a.seq < b.seq; });
        entry->in_order = true;
    }
    for (uint32 i = 0; i < count; ++i) {
        const WaitingLeaf *one = entry->waiting + i;
        const ExpectedOrg *expected = entry->expected + one->org;
        if (one->seq <= entry->last_seq || expected->tree.count == expected->says.events) {
            return false;
        }
        entry->last_seq = one->seq;
        grow_tree(entry, one->org, &one->leaf);
    }
    entry->waiting_count -= count;
    memmove(static_cast<void *>(entry->waiting), entry->waiting + count,
            sizeof(WaitingLeaf) * entry->waiting_count);
    return true;
}

bool wait_in_turn(FoldTable *table, FoldEntry *entry, uint32 seq, int32 org,
                  const ledger::Hash *leaf) {
    if (entry->waiting == nullptr) {
        const auto room = static_cast<uint32>(entry->row.events);
        entry->waiting = static_cast<WaitingLeaf *>(
            MemoryContextAlloc(table->context, sizeof(WaitingLeaf) * Min(room, kMostWaiting)));
        entry->in_order = true;
    }
    if (entry->waiting_count > 0 && entry->waiting[entry->waiting_count - 1].seq > seq) {
        entry->in_order = false;
    }
    entry->waiting[entry->waiting_count++] = {seq, org, *leaf};
    if (entry->events == static_cast<uint64>(entry->row.events)) { // all of them
        const bool good = take_waiting(entry, entry->waiting_count);
        end_waiting(entry);
        return good;
    }
    return entry->waiting_count < kMostWaiting || take_waiting(entry, kMostWaiting / 2);
}

} // namespace

FoldTable *make_fold_table(Size limit) {
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "custody transactions", ALLOCSET_DEFAULT_SIZES);
    auto *table = static_cast<FoldTable *>(MemoryContextAllocZero(context, sizeof(FoldTable)));
    table->context = context;
    table->limit = limit;
    make_cells(table, kFirstCells);
    return table;
}

void fold_transaction(FoldTable *table, int64 name, uint64 xid, const ledger::Hash *incarnation,
                      const TransactionRecord *row, ledger::Bytes orgs,
                      std::span<const ledger::Hash> contexts) {
    FoldEntry **cell = find_cell(table, name, xid);
    if (*cell != nullptr) {
        (*cell)->spoiled = true; // there twice
        return;
    }
    const Sizes sizes = sizes_of(orgs);
    const Size size = sizeof(FoldEntry) + sizeof(ExpectedOrg) * static_cast<Size>(sizes.orgs) +
                      sizeof(ledger::Hash) * (sizes.peaks + contexts.size()) + orgs.size();
    if (table->memory + size > table->limit) {
        table->limit = 0; // what comes later does not fit either: one order for all
        return;
    }
    auto *entry =
        static_cast<FoldEntry *>(MemoryContextAllocExtended(table->context, size, MCXT_ALLOC_HUGE));
    memset(static_cast<void *>(entry), 0, sizeof(FoldEntry));
    entry->name = name;
    entry->xid = xid;
    entry->incarnation = incarnation;
    entry->row = *row;
    fill(entry, orgs, contexts, &sizes);
    *cell = entry;
    table->memory += size;
    if (++table->count * 2 > table->cell_count) {
        widen(table);
    }
}

FoldEntry *find_fold(FoldTable *table, int64 name, uint64 xid) {
    FoldEntry *last = table->last;
    if (last != nullptr && last->xid == xid && last->name == name) {
        return last;
    }
    FoldEntry *found = *find_cell(table, name, xid);
    if (found != nullptr) {
        table->last = found;
    }
    return found;
}

void fold_event(Verify *verify, FoldEntry *entry, uint32 seq, const EventRecord *event,
                ledger::Bytes org) {
    if (entry->spoiled) {
        return;
    }
    const int32 at = find_expected(entry->expected, entry->expected_count, entry->last, org);
    if (at < 0 || entry->events >= static_cast<uint64>(entry->row.events) ||
        what_is_wrong(verify, entry->row.started, entry->context_count, event) != nullptr) {
        spoil(verify, entry);
        return;
    }
    entry->last = at;
    ++entry->events;
    ++verify->events;
    entry->erased += event->erased ? 1 : 0;
    verify->erased += event->erased ? 1 : 0;
    const ledger::Hash leaf = leaf_of_event(verify, &entry->row.secret, entry->incarnation,
                                            entry->xid, entry->contexts, seq, event);
    if (entry->row.events == 1 && entry->expected[at].says.events == 1) {
        grow_tree(entry, at, &leaf);
    } else if (!wait_in_turn(verify->folds, entry, seq, at, &leaf)) {
        spoil(verify, entry);
    }
}

bool close_folds(Verify *verify) {
    FoldTable *table = verify->folds;
    bool any = false;
    for (Size i = 0; i < table->cell_count; ++i) {
        FoldEntry *entry = table->cells[i];
        if (entry == nullptr) {
            continue;
        }
        for (int32 k = 0; !entry->spoiled && k < entry->expected_count; ++k) {
            if (!gives(entry->expected + k)) {
                spoil(verify, entry);
            }
        }
        any |= entry->spoiled;
    }
    return any;
}

} // namespace custody::audit
