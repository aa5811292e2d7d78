// The hashes and trees of docs/ledger-format.md for SQL: what custody's exports of evidence are
// made with, and anybody's own look at a ledger. They read nothing but their arguments.
#include "common/ledger_transaction.hpp"
#include "common/slot_tree.hpp"

#include "extension/pg/boundary.hpp"
#include "extension/pg/values.hpp"

namespace custody::audit {

namespace {

using ledger::Bytes;
using ledger::Hash;

/// Bytes of an argument, with their memory.
struct Held {
    std::string bytes;
    explicit Held(Datum value) : bytes(pg::text_value(value)) {}
    Bytes view() const { return ledger::bytes_of(bytes); }

    template <typename Array> Array fixed(const char *what) const {
        Array array;
        if (bytes.size() != array.size()) {
            throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                            std::string(what) + " has " + std::to_string(bytes.size()) + " bytes")
                .detail("It must have " + std::to_string(array.size()) + " bytes.");
        }
        memcpy(array.data(), bytes.data(), array.size());
        return array;
    }
    Hash hash(const char *what) const { return fixed<Hash>(what); }
};

ledger::Salt salt_of(Datum uuid) {
    ledger::Salt salt;
    memcpy(salt.data(), DatumGetUUIDP(uuid)->data, salt.size());
    return salt;
}

Datum hash_datum(const Hash &hash) { return pg::bytea_datum(hash); }

std::string hex(Bytes bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
        text += kDigits[std::to_integer<unsigned>(byte) & 15U];
    }
    return text;
}

struct Elements {
    Datum *values;
    bool *nulls;
    int count;
};

Elements elements_of(Datum array, Oid type, int16 length, char align) {
    Elements all{};
    deconstruct_array(DatumGetArrayTypeP(array), type, length, length > 0, align, &all.values,
                      &all.nulls, &all.count);
    for (int i = 0; i < all.count; ++i) {
        if (all.nulls[i]) {
            pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, "the list must not hold NULL");
        }
    }
    return all;
}

std::vector<Hash> hashes_of(Datum array) {
    const Elements all =
        pg::call<elements_of>(array, BYTEAOID, static_cast<int16>(-1), TYPALIGN_INT);
    std::vector<Hash> hashes;
    hashes.reserve(static_cast<std::size_t>(all.count));
    for (int i = 0; i < all.count; ++i) {
        hashes.push_back(Held(all.values[i]).hash("an element of the list"));
    }
    return hashes;
}

std::string hash_list(std::span<const Hash> hashes) {
    std::string list = "[";
    for (const Hash &hash : hashes) {
        list += (list.size() > 1 ? ", \"" : "\"") + hex(hash) + '"';
    }
    return list + ']';
}

[[noreturn]] void refuse_stored(const char *column) {
    throw pg::Error(ERRCODE_DATA_CORRUPTED,
                    std::string("custody_ledger.tx.") + column + " is malformed")
        .hint("custody.verify_ledger() names the transaction.");
}

using Parts = std::array<ledger::ContextPart, ledger::kContextParts>;

/// One of the contexts of custody_ledger.tx.contexts.
Parts context_at(const Held &contexts, int number) {
    ledger::ContextReader reader(contexts.view());
    Parts parts;
    for (int i = 0; i <= Max(number, 0); ++i) {
        if (number < 0 || !reader.next(parts)) {
            refuse_stored("contexts");
        }
    }
    return parts;
}

std::string context_line(const Parts &parts, std::size_t shown) {
    std::string line = R"({"t": "context", "parts": [)";
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool hidden = parts[i].erased || i >= shown;
        line += i > 0 ? ", " : "";
        line += hidden ? R"({"hash": ")" + hex(parts[i].commitment) + "\"}"
                       : R"({"salt": ")" + hex(parts[i].salt) + R"(", "bytes": ")" +
                             hex(parts[i].bytes) + "\"}";
    }
    return line + "]}";
}

} // namespace

} // namespace custody::audit

using custody::audit::Held;
using custody::audit::salt_of;
namespace ledger = custody::ledger;
namespace pg = custody::pg;

CUSTODY_FUNCTION(custody_ledger_time) { PG_RETURN_INT64(PG_GETARG_TIMESTAMPTZ(0)); }

CUSTODY_FUNCTION(custody_ledger_token) {
    return custody::audit::hash_datum(
        ledger::transaction_token(Held(PG_GETARG_DATUM(0)).hash("the secret"),
                                  Held(PG_GETARG_DATUM(1)).hash("the incarnation"),
                                  U64FromFullTransactionId(PG_GETARG_FULLTRANSACTIONID(2))));
}

CUSTODY_FUNCTION(custody_ledger_order) {
    for (int i = 0; i < 6; ++i) {
        if (PG_ARGISNULL(i)) {
            PG_RETURN_NULL();
        }
    }
    ledger::Order order{};
    order.secret = Held(PG_GETARG_DATUM(0)).hash("the secret");
    order.incarnation = Held(PG_GETARG_DATUM(1)).hash("the incarnation");
    order.xid = U64FromFullTransactionId(PG_GETARG_FULLTRANSACTIONID(2));
    order.seq = static_cast<uint32>(PG_GETARG_INT32(3));
    order.cid = static_cast<uint32>(PG_GETARG_INT32(4));
    order.lsn = PG_GETARG_LSN(5);
    order.pair = PG_ARGISNULL(6) ? ledger::kNoPair : static_cast<uint32>(PG_GETARG_INT32(6));
    return custody::audit::hash_datum(ledger::order_commitment(order));
}

CUSTODY_FUNCTION(custody_ledger_context_hash) {
    return custody::audit::hash_datum(ledger::context_of(
        custody::audit::context_at(Held(PG_GETARG_DATUM(0)), PG_GETARG_INT32(1))));
}

CUSTODY_FUNCTION(custody_ledger_context_line) {
    const Held contexts(PG_GETARG_DATUM(0));
    return pg::text_datum(
        custody::audit::context_line(custody::audit::context_at(contexts, PG_GETARG_INT32(1)),
                                     static_cast<std::size_t>(PG_GETARG_INT32(2))));
}

CUSTODY_FUNCTION(custody_ledger_orgs) {
    const Held orgs(PG_GETARG_DATUM(0));
    ledger::OrgReader reader(orgs.view());
    std::string list = "[";
    for (ledger::OrgTree tree; reader.next(tree);) {
        list += (list.size() > 1 ? R"(, {"org": ")" : R"({"org": ")") +
                custody::audit::hex(tree.org) + R"(", "events": )" + std::to_string(tree.events) +
                R"(, "tree": ")" + custody::audit::hex(tree.tree) + "\"}";
    }
    if (!reader.complete()) {
        custody::audit::refuse_stored("orgs");
    }
    return pg::text_datum(list + ']');
}

/// u32 events and tree of one organization in a transaction; NULL where it has none.
CUSTODY_FUNCTION(custody_ledger_org_events) {
    const Held orgs(PG_GETARG_DATUM(0));
    const Held org(PG_GETARG_DATUM(1));
    ledger::OrgReader reader(orgs.view());
    for (ledger::OrgTree tree; reader.next(tree);) {
        if (std::ranges::equal(tree.org, org.view())) {
            PG_RETURN_INT32(static_cast<int32>(tree.events));
        }
    }
    PG_RETURN_NULL();
}

CUSTODY_FUNCTION(custody_ledger_org_transaction) {
    const Held orgs(PG_GETARG_DATUM(3));
    const Held org(PG_GETARG_DATUM(4));
    ledger::OrgReader reader(orgs.view());
    for (ledger::OrgTree tree; reader.next(tree);) {
        if (std::ranges::equal(tree.org, org.view())) {
            return custody::audit::hash_datum(ledger::org_transaction_leaf(
                Held(PG_GETARG_DATUM(0)).hash("the token"), PG_GETARG_TIMESTAMPTZ(1),
                PG_GETARG_TIMESTAMPTZ(2), tree.events, tree.tree));
        }
    }
    PG_RETURN_NULL();
}

CUSTODY_FUNCTION(custody_ledger_key_hash) {
    return custody::audit::hash_datum(
        ledger::key_commitment(salt_of(PG_GETARG_DATUM(0)), Held(PG_GETARG_DATUM(1)).view()));
}

CUSTODY_FUNCTION(custody_ledger_images_hash) {
    return custody::audit::hash_datum(ledger::images_commitment(salt_of(PG_GETARG_DATUM(0)),
                                                                Held(PG_GETARG_DATUM(1)).view(),
                                                                Held(PG_GETARG_DATUM(2)).view()));
}

CUSTODY_FUNCTION(custody_ledger_event_hash) {
    ledger::EventParts event{};
    event.order = Held(PG_GETARG_DATUM(0)).hash("the order");
    event.op = PG_GETARG_CHAR(1);
    event.context = Held(PG_GETARG_DATUM(2)).hash("the context");
    event.descriptor = Held(PG_GETARG_DATUM(3)).hash("the descriptor");
    event.key = Held(PG_GETARG_DATUM(4)).hash("the key");
    event.images = Held(PG_GETARG_DATUM(5)).hash("the hash of the images");
    return custody::audit::hash_datum(ledger::event_leaf(event));
}

CUSTODY_FUNCTION(custody_ledger_path) {
    const std::vector<ledger::Hash> leaves = custody::audit::hashes_of(PG_GETARG_DATUM(0));
    const int64 index = PG_GETARG_INT64(1);
    if (index < 0 || static_cast<std::size_t>(index) >= leaves.size()) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "there is no such leaf");
    }
    return pg::text_datum(
        custody::audit::hash_list(ledger::audit_path(leaves, static_cast<std::size_t>(index))));
}

/// Members `blinding` and `path` of a head line.
CUSTODY_FUNCTION(custody_ledger_slot_path) {
    const ledger::Hash secret = Held(PG_GETARG_DATUM(0)).hash("the secret");
    const custody::audit::Elements slots = pg::call<custody::audit::elements_of>(
        PG_GETARG_DATUM(1), INT4OID, static_cast<int16>(4), TYPALIGN_INT);
    const std::vector<ledger::Hash> links = custody::audit::hashes_of(PG_GETARG_DATUM(2));
    const auto slot = static_cast<uint32>(PG_GETARG_INT32(3));
    if (links.size() != static_cast<std::size_t>(slots.count) || slot >= ledger::kSlots) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "slots and links do not fit");
    }
    std::vector<ledger::SlotLeaf> leaves;
    leaves.reserve(links.size());
    for (std::size_t i = 0; i < links.size(); ++i) {
        const auto at = static_cast<uint32>(DatumGetInt32(slots.values[i]));
        leaves.push_back({at, ledger::slot_leaf(ledger::slot_blinding(secret, at), links[i])});
    }
    std::ranges::sort(leaves, {}, &ledger::SlotLeaf::slot);
    const ledger::SlotPath path = ledger::slot_path(leaves, secret, slot);
    return pg::text_datum(R"("blinding": ")" +
                          custody::audit::hex(ledger::slot_blinding(secret, slot)) +
                          R"(", "path": )" + custody::audit::hash_list(path));
}
