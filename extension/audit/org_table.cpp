// Plain C-style: no local has a destructor.
#include "extension/audit/org_table.hpp"

#include <bit>

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr uint32 kFirstCells = 64;

bool same(ledger::Bytes a, ledger::Bytes b) {
    return a.size() == b.size() && (a.empty() || memcmp(a.data(), b.data(), a.size()) == 0);
}

uint32 code_of(ledger::Bytes org) {
    return hash_bytes(reinterpret_cast<const unsigned char *>(org.data()),
                      static_cast<int>(org.size()));
}

OrgState **cell_for(const OrgTable *table, ledger::Bytes org, uint32 code) {
    uint32 cell = code & (table->cell_count - 1);
    while (table->cells[cell] != nullptr &&
           (table->cells[cell]->code != code || !same(table->cells[cell]->org, org))) {
        cell = (cell + 1) & (table->cell_count - 1);
    }
    return table->cells + cell;
}

void make_cells(OrgTable *table, uint32 count) {
    table->cell_count = count;
    table->cells = static_cast<OrgState **>(MemoryContextAllocExtended(
        table->context, sizeof(OrgState *) * count, MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE));
}

void grow(OrgTable *table) {
    table->room *= 2;
    table->all =
        static_cast<OrgState **>(repalloc_huge(table->all, sizeof(OrgState *) * table->room));
    pfree(table->cells);
    make_cells(table, table->cell_count * 2);
    for (uint32 i = 0; i < table->count; ++i) {
        *cell_for(table, table->all[i]->org, table->all[i]->code) = table->all[i];
    }
}

} // namespace

void add_to_tree(MemoryContext context, GrowingTree *tree, const ledger::Hash *leaf) {
    const auto needed = static_cast<uint32>(std::popcount(tree->count)) + 1;
    if (needed > tree->room) {
        const uint32 room = Max(needed, tree->room * 2);
        auto *peaks =
            static_cast<ledger::Hash *>(MemoryContextAlloc(context, sizeof(ledger::Hash) * room));
        if (tree->peaks != nullptr) {
            memcpy(peaks, tree->peaks, sizeof(ledger::Hash) * tree->room);
            pfree(tree->peaks);
        }
        tree->peaks = peaks;
        tree->room = room;
    }
    ledger::add_leaf(tree->peaks, tree->count, *leaf);
    ++tree->count;
}

OrgTable *make_org_table() {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "custody organizations",
                                                  ALLOCSET_DEFAULT_SIZES);
    auto *table = static_cast<OrgTable *>(MemoryContextAllocZero(context, sizeof(OrgTable)));
    table->context = context;
    table->room = kFirstCells / 2;
    table->all =
        static_cast<OrgState **>(MemoryContextAlloc(context, sizeof(OrgState *) * table->room));
    make_cells(table, kFirstCells);
    return table;
}

OrgState *find_org(const OrgTable *table, ledger::Bytes org) {
    return *cell_for(table, org, code_of(org));
}

OrgState *find_or_add_org(OrgTable *table, ledger::Bytes org) {
    const uint32 code = code_of(org);
    OrgState **cell = cell_for(table, org, code);
    if (*cell != nullptr) {
        return *cell;
    }
    if (table->count == table->room) {
        grow(table);
        cell = cell_for(table, org, code);
    }
    auto *state = static_cast<OrgState *>(
        MemoryContextAllocZero(table->context, sizeof(OrgState) + org.size()));
    auto *bytes = reinterpret_cast<std::byte *>(state + 1);
    if (!org.empty()) {
        memcpy(bytes, org.data(), org.size());
    }
    state->org = ledger::Bytes(bytes, org.size());
    state->code = code;
    state->slot = -1;
    *cell = state;
    table->all[table->count++] = state;
    return state;
}

uint64 add_transaction(OrgTable *table, const ledger::Hash *token, int64 started, int64 committing,
                       ledger::Bytes orgs) {
    ledger::OrgReader reader(orgs);
    uint64 events = 0;
    for (ledger::OrgTree org; reader.next(org);) {
        OrgState *state = find_or_add_org(table, org.org);
        const ledger::Hash leaf =
            ledger::org_transaction_leaf(*token, started, committing, org.events, org.tree);
        add_to_tree(table->context, &state->tree, &leaf);
        ++state->transactions;
        state->events += org.events;
        events += org.events;
    }
    return events;
}

void begin_block(OrgTable *table) {
    for (uint32 i = 0; i < table->count; ++i) {
        OrgState *state = table->all[i];
        state->transactions = 0;
        state->events = 0;
        state->tree.count = 0;
    }
}

} // namespace custody::audit
