// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/org_trees.hpp"

#include "extension/audit/transaction_memory.hpp"

namespace custody::audit {

namespace {

/// What a tree was when a subtransaction first added to it.
struct Saved {
    Saved *before;
    OrgTree *tree;
    int level;
    int previous_level; // of the tree
    uint32 count;
    ledger::Hash peaks[FLEXIBLE_ARRAY_MEMBER];
};

OrgTree **trees = nullptr; // in the order of their first events
uint32 tree_count = 0;
uint32 tree_room = 0;
OrgTree **table = nullptr; // open addressing, a power of two of places
uint32 table_size = 0;
OrgTree *last = nullptr;
Saved *saved = nullptr; // the newest; levels never descend on the way to it

constexpr uint32 kFirstRoom = 8;

uint32 peaks_of(uint32 count) { return static_cast<uint32>(__builtin_popcount(count)); }

bool is_of(const OrgTree *tree, const std::byte *org, uint32 length) {
    return tree->org_length == length && memcmp(tree->org, org, length) == 0;
}

OrgTree **place_of(const std::byte *org, uint32 length, uint32 hash) {
    uint32 place = hash & (table_size - 1);
    while (table[place] != nullptr &&
           (table[place]->hash != hash || !is_of(table[place], org, length))) {
        place = (place + 1) & (table_size - 1);
    }
    return &table[place];
}

/// No more than half of the table is ever in use.
void grow_table() {
    const uint32 size = table_size == 0 ? 2 * kFirstRoom : 2 * table_size;
    auto **wider = static_cast<OrgTree **>(MemoryContextAllocExtended(
        transaction_memory(), size * sizeof(OrgTree *), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
    if (table != nullptr) {
        pfree(table);
    }
    table = wider;
    table_size = size;
    for (uint32 i = 0; i < tree_count; ++i) {
        *place_of(trees[i]->org, trees[i]->org_length, trees[i]->hash) = trees[i];
    }
}

void make_room() {
    if (trees == nullptr) {
        trees = static_cast<OrgTree **>(
            MemoryContextAlloc(transaction_memory(), kFirstRoom * sizeof(OrgTree *)));
        tree_room = kFirstRoom;
    } else if (tree_count == tree_room) {
        trees = static_cast<OrgTree **>(
            repalloc_huge(trees, sizeof(OrgTree *) * 2 * static_cast<Size>(tree_room)));
        tree_room *= 2;
    }
    if (2 * (tree_count + 1) > table_size) {
        grow_table();
    }
}

OrgTree *make_tree(const std::byte *org, uint32 length, uint32 hash) {
    make_room();
    auto *tree = static_cast<OrgTree *>(
        MemoryContextAllocZero(transaction_memory(), sizeof(OrgTree) + length));
    tree->org = reinterpret_cast<std::byte *>(tree + 1);
    memcpy(tree->org, org, length);
    tree->org_length = length;
    tree->hash = hash;
    *place_of(org, length, hash) = tree;
    trees[tree_count++] = tree;
    return tree;
}

OrgTree *find_tree(const std::byte *org, uint32 length) {
    const uint32 hash = hash_bytes(reinterpret_cast<const unsigned char *>(org), length);
    OrgTree **place = table == nullptr ? nullptr : place_of(org, length, hash);
    return place == nullptr || *place == nullptr ? make_tree(org, length, hash) : *place;
}

void grow_peaks(OrgTree *tree) {
    const uint32 room = Max(2 * tree->room, 2);
    if (tree->peaks == nullptr) {
        tree->peaks = static_cast<ledger::Hash *>(
            MemoryContextAlloc(transaction_memory(), room * sizeof(ledger::Hash)));
    } else {
        tree->peaks =
            static_cast<ledger::Hash *>(repalloc(tree->peaks, room * sizeof(ledger::Hash)));
    }
    tree->room = room;
}

void save(OrgTree *tree, int level) {
    const Size peaks = sizeof(ledger::Hash) * peaks_of(tree->count);
    auto *record = static_cast<Saved *>(
        MemoryContextAlloc(transaction_memory(), offsetof(Saved, peaks) + peaks));
    record->before = saved;
    record->tree = tree;
    record->level = level;
    record->previous_level = tree->saved_level;
    record->count = tree->count;
    if (peaks > 0) {
        memcpy(record->peaks, tree->peaks, peaks);
    }
    saved = record;
    tree->saved_level = level;
}

int compare_orgs(const void *a, const void *b) {
    const OrgTree *left = *static_cast<OrgTree *const *>(a);
    const OrgTree *right = *static_cast<OrgTree *const *>(b);
    const int order = memcmp(left->org, right->org, Min(left->org_length, right->org_length));
    return order != 0
               ? order
               : (left->org_length > right->org_length) - (left->org_length < right->org_length);
}

} // namespace

OrgTree *org_tree(const std::byte *org, uint32 length) {
    if (last == nullptr || !is_of(last, org, length)) {
        last = find_tree(org, length);
    }
    if (peaks_of(last->count) >= last->room) {
        grow_peaks(last);
    }
    // The outermost level needs nothing: with it all is lost.
    const int level = GetCurrentTransactionNestLevel();
    if (level > 1 && last->saved_level < level) {
        save(last, level);
    }
    return last;
}

void undo_org_trees(int level) {
    while (saved != nullptr && saved->level >= level) {
        Saved *record = saved;
        OrgTree *tree = record->tree;
        saved = record->before;
        tree->count = record->count;
        if (record->count > 0) {
            memcpy(tree->peaks, record->peaks, sizeof(ledger::Hash) * peaks_of(record->count));
        }
        tree->saved_level = record->previous_level;
        pfree(record);
    }
}

void keep_org_trees(int level) {
    Saved **link = &saved;
    while (*link != nullptr && (*link)->level >= level) {
        Saved *record = *link;
        const int outer = level - 1;
        if (outer <= 1 || record->previous_level == outer) {
            record->tree->saved_level = record->previous_level;
            *link = record->before;
            pfree(record);
        } else {
            record->level = record->tree->saved_level = outer;
            link = &record->before;
        }
    }
}

uint64 append_org_trees(digest::RowBuffer *out) {
    uint64 events = 0;
    if (tree_count > 1) {
        qsort(trees, tree_count, sizeof(OrgTree *), compare_orgs);
    }
    for (uint32 i = 0; i < tree_count; ++i) {
        const OrgTree *tree = trees[i];
        if (tree->count > 0) { // all of its events may have been rolled back
            const ledger::Hash root = ledger::tree_of_peaks(tree->peaks, tree->count);
            digest::append_sized_bytes(out, tree->org, tree->org_length);
            digest::append_big<uint32>(out, tree->count);
            digest::append(out, root.data(), root.size());
            events += tree->count;
        }
    }
    return events;
}

void forget_org_trees() {
    trees = table = nullptr;
    tree_count = tree_room = table_size = 0;
    last = nullptr;
    saved = nullptr;
}

} // namespace custody::audit
