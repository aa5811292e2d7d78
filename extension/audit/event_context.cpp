// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/event_context.hpp"

#include "extension/audit/context_parts.hpp"
#include "extension/audit/random_pool.hpp"
#include "extension/audit/transaction_memory.hpp"

namespace custody::audit {

namespace {

using digest::RowBuffer;

constexpr int kParts = ledger::kContextParts;

// An int2 counts them. Where a transaction has more, the text of the query is left out first, and
// what else there is to tell in the end: DML never fails for it.
constexpr int kMostWithQuery = 32000;
constexpr int kMost = 32767;

struct Interned {
    uint64 fingerprint; // of the first one only where there is a second one
    Size at[kParts];    // of the part's bytes in `stored`
    Size length[kParts];
    ledger::Hash part[kParts];
    EventContext context;
};

Interned *interned = nullptr;
int count = 0;
int room = 0;
RowBuffer stored; // as in tx.contexts, without the count
Size whole = 0;   // of it: what lies behind was left by an error
Surroundings last_seen;
const EventContext *last = nullptr;

void make_room() {
    if (interned == nullptr) {
        constexpr Size kFirst = 1024;
        stored = {static_cast<std::byte *>(MemoryContextAlloc(transaction_memory(), kFirst)), 0,
                  kFirst, 0};
        room = 4;
        interned = static_cast<Interned *>(
            MemoryContextAlloc(transaction_memory(), sizeof(Interned) * room));
    } else if (count == room) {
        interned =
            static_cast<Interned *>(repalloc_huge(interned, sizeof(Interned) * 2 * Size(room)));
        room *= 2;
        last = nullptr;
    }
}

uint64 extend(uint64 fingerprint, const std::byte *data, Size length) {
    return hash_bytes_extended(reinterpret_cast<const unsigned char *>(data),
                               static_cast<int>(length), fingerprint);
}

uint64 fingerprint_of(const ContextParts *parts) {
    uint64 fingerprint = 0;
    for (const RowBuffer *part : parts->part) {
        fingerprint = extend(fingerprint, part->data, part->length);
    }
    return fingerprint;
}

uint64 fingerprint_of(const Interned *entry) {
    uint64 fingerprint = 0;
    for (int i = 0; i < kParts; ++i) {
        fingerprint = extend(fingerprint, stored.data + entry->at[i], entry->length[i]);
    }
    return fingerprint;
}

bool has_part(const Interned *entry, int i, const RowBuffer *part) {
    return entry->length[i] == part->length &&
           memcmp(stored.data + entry->at[i], part->data, part->length) == 0;
}

Interned *find(const ContextParts *parts, uint64 fingerprint) {
    for (int i = count - 1; i >= 0; --i) {
        Interned *entry = &interned[i];
        if (entry->fingerprint == fingerprint && has_part(entry, 0, parts->part[0]) &&
            has_part(entry, 1, parts->part[1]) && has_part(entry, 2, parts->part[2])) {
            return entry;
        }
    }
    return nullptr;
}

/// Under a salt of its own even where the context before has the same part: whoever sees some of a
/// transaction's contexts would know by one that is drawn anew that others come in between.
void add_part(Interned *entry, int i, const RowBuffer *part) {
    ledger::Salt salt;
    fill_random(&salt, sizeof(salt));
    const std::byte known{1};
    digest::append(&stored, &known, 1);
    digest::append(&stored, &salt, sizeof(salt));
    digest::append_sized_bytes(&stored, part->data, part->length);
    entry->at[i] = stored.length - part->length;
    entry->length[i] = part->length;
    entry->part[i] =
        ledger::context_part(static_cast<std::uint8_t>(i), salt, {part->data, part->length});
}

const EventContext *add(const ContextParts *parts, uint64 fingerprint) {
    make_room();
    stored.length = whole;
    Interned *entry = &interned[count];
    for (int i = 0; i < kParts; ++i) {
        stored.value = stored.length;
        add_part(entry, i, parts->part[i]);
    }
    whole = stored.length;
    entry->fingerprint = fingerprint;
    entry->context.index = static_cast<int16>(count);
    entry->context.commitment =
        ledger::context_commitment({entry->part[0], entry->part[1], entry->part[2]});
    ++count;
    return &entry->context;
}

const EventContext *intern(const Surroundings *now) {
    Surroundings told = *now;
    if (count >= kMostWithQuery) {
        told.query = nullptr;
    }
    const ContextParts parts = context_parts(&told);
    if (count == 0) { // most transactions have one
        return add(&parts, 0);
    }
    if (count == 1) {
        interned[0].fingerprint = fingerprint_of(&interned[0]);
    }
    const uint64 fingerprint = fingerprint_of(&parts);
    Interned *entry = find(&parts, fingerprint);
    if (entry != nullptr) {
        return &entry->context;
    }
    return count < kMost ? add(&parts, fingerprint) : &interned[kMost - 1].context;
}

const tenant::Context *valid_tenant() { return current_surroundings(false).tenant; }

} // namespace

const EventContext *current_event_context(bool with_query) {
    const Surroundings now = current_surroundings(with_query);
    if (unlikely(last == nullptr || !same_surroundings(&now, &last_seen))) {
        last = nullptr;
        const EventContext *found = intern(&now);
        last_seen = now;
        last = found;
    }
    return last;
}

bool context_names_org() {
    const tenant::Context *tenant = valid_tenant();
    return tenant != nullptr && tenant->org_count > 0;
}

bool context_names_user() {
    const tenant::Context *tenant = valid_tenant();
    return tenant != nullptr && !tenant->user.empty();
}

void append_contexts(RowBuffer *out) {
    digest::append_big<uint16>(out, static_cast<uint16>(count));
    out->value = out->length;
    digest::append(out, stored.data, whole);
}

void forget_contexts() {
    interned = nullptr;
    count = room = 0;
    stored = {};
    whole = 0;
    last = nullptr;
}

} // namespace custody::audit
