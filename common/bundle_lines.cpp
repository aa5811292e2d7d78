#include "common/bundle_lines.hpp"

#include <algorithm>
#include <cstring>

#include "common/strict_json.hpp"
#include "common/token_identity.hpp"

namespace custody::ledger {

namespace {

constexpr std::uint64_t kMostU32 = UINT32_MAX;

[[noreturn]] void malformed(const std::string &what) { throw Refutation{Reason::form, what}; }

Salt salt_of(const JsonValue &value) {
    const Bytes bytes = hex_of(value);
    Salt salt;
    if (bytes.size() != salt.size()) {
        malformed("a salt has not 16 bytes");
    }
    std::memcpy(salt.data(), bytes.data(), salt.size());
    return salt;
}

bool has_only_hash(const JsonLine &line, std::uint32_t object) {
    const JsonValue &value = line.at(object);
    return value.kind == JsonKind::object && value.size == 1;
}

Hash only_hash(const JsonLine &line, std::uint32_t object) {
    return hash_of(Members(line, object, {"hash"})[0]);
}

/// Calls `read` with the index of each element.
template <typename Read> void each(const JsonLine &line, std::uint32_t list, const Read &read) {
    const JsonValue &value = line.at(list);
    if (value.kind != JsonKind::list) {
        malformed("something stands where a list is expected");
    }
    std::uint32_t at = list + 1;
    for (std::uint32_t i = 0; i < value.size; ++i) {
        read(at);
        at = line.at(at).next;
    }
}

std::uint32_t number_of_u32(const JsonValue &value) {
    return static_cast<std::uint32_t>(number_of(value, kMostU32));
}

Snapshot snapshot_of(std::string_view text) {
    const auto field = [&text](char end) {
        const std::size_t size = std::min(text.find(end), text.size());
        const auto number = parse_decimal(text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
        return number.value_or(0);
    };
    const bool colons = std::count(text.begin(), text.end(), ':') == 2 && !text.ends_with(',');
    Snapshot snapshot;
    snapshot.xmin = field(':');
    snapshot.xmax = field(':');
    bool good = colons && snapshot.xmin != 0 && snapshot.xmin <= snapshot.xmax;
    while (good && !text.empty()) {
        const std::uint64_t xid = field(',');
        good = xid >= snapshot.xmin && xid < snapshot.xmax &&
               (snapshot.running.empty() || xid > snapshot.running.back());
        snapshot.running.push_back(xid);
    }
    if (!good) {
        malformed("the snapshot is none");
    }
    return snapshot;
}

/// What the notes adopt; they are a JSON object, or empty.
std::vector<Adopted> adopted_of(std::string_view notes) {
    std::vector<Adopted> adopted;
    if (notes.empty()) {
        return adopted;
    }
    try {
        const auto object = token::parse_object(notes);
        const auto list = object.find("adopted");
        if (list == object.end()) {
            return adopted;
        }
        if (!list->is_array()) {
            malformed("the notes adopt what is no list");
        }
        for (const auto &pair : *list) {
            const auto incarnation = parse_hash(pair.at(0).get_ref<const std::string &>());
            const auto xid = parse_decimal(pair.at(1).get_ref<const std::string &>());
            if (pair.size() != 2 || !incarnation || !xid) {
                malformed("the notes adopt what is no transaction");
            }
            adopted.push_back({*incarnation, *xid});
        }
    } catch (const token::Refused &) {
        malformed("the notes are no JSON object");
    } catch (const nlohmann::json::exception &) {
        malformed("the notes adopt what is no transaction");
    }
    return adopted;
}

void read_key(const JsonLine &line, std::uint32_t object, EventLine &event) {
    event.key_hidden = has_only_hash(line, object);
    if (event.key_hidden) {
        event.key = only_hash(line, object);
        return;
    }
    const Members members(line, object, {"salt", "bytes"});
    event.key_bytes = hex_of(members[1]);
    event.key = key_commitment(salt_of(members[0]), event.key_bytes);
}

void read_images(const JsonLine &line, std::uint32_t object, EventLine &event) {
    event.images_hidden = has_only_hash(line, object);
    if (event.images_hidden) {
        event.images = only_hash(line, object);
        return;
    }
    const Members members(line, object, {"salt", "old", "new"});
    event.old_image = hex_of(members[1]);
    event.new_image = hex_of(members[2]);
    event.images = images_commitment(salt_of(members[0]), event.old_image, event.new_image);
}

std::uint32_t pair_of(const JsonValue &value) {
    if (value.kind == JsonKind::literal && std::string_view(value.text.data(), 4) == "null") {
        return kNoPair;
    }
    return static_cast<std::uint32_t>(number_of(value, kMostU32 - 1));
}

std::vector<OrgLine> orgs_of(const JsonLine &line, std::uint32_t list) {
    std::vector<OrgLine> orgs;
    each(line, list, [&](std::uint32_t element) {
        const Members members(line, element, {"org", "events", "tree"});
        orgs.push_back({hex_of(members[0]), number_of_u32(members[1]), hash_of(members[2])});
    });
    return orgs;
}

} // namespace

bool Snapshot::sees(std::uint64_t xid) const noexcept {
    return xid < xmin || (xid < xmax && !std::binary_search(running.begin(), running.end(), xid));
}

HeaderLine read_header(const JsonLine &line) {
    // Which members it has, its kind says.
    std::string_view kind;
    for (std::uint32_t at = 1, i = 0; i < line.at(0).size; ++i, at = line.at(at + 1).next) {
        if (text_of(line.at(at)) == "kind") {
            kind = text_of(line.at(at + 1));
        }
    }
    HeaderLine header;
    header.kind_word = kind;
    header.kind = kind == "org"     ? BundleKind::org
                  : kind == "event" ? BundleKind::event
                                    : BundleKind::ledger;
    const bool ledger = header.kind == BundleKind::ledger;
    const Members members =
        ledger ? Members(line, 0, {"format", "kind", "ledger", "from_block", "to_block"})
               : Members(line, 0, {"format", "kind", "ledger", "from_block", "to_block", "org"});
    if (text_of(members[0]) != "custody-bundle-1" || (ledger && kind != "ledger")) {
        malformed("the format or the kind is unknown");
    }
    const auto uuid = parse_uuid(text_of(members[2]));
    if (!uuid) {
        malformed("the ledger is no uuid");
    }
    header.ledger_text = text_of(members[2]);
    header.ledger = *uuid;
    header.from_block = number_of(members[3], kMostNumber);
    header.to_block = number_of(members[4], kMostNumber);
    if (!ledger) {
        const Bytes org = hex_of(members[5]);
        header.org.assign(reinterpret_cast<const char *>(org.data()), org.size());
    }
    if (header.from_block == 0 || header.to_block < header.from_block ||
        (header.kind == BundleKind::event && header.to_block != header.from_block)) {
        malformed("the blocks are out of range");
    }
    return header;
}

std::string_view read_descriptor(const JsonLine &line) {
    return text_of(Members(line, 0, {"t", "text"})[1]);
}

ContextLine read_context(const JsonLine &line) {
    const Members members(line, 0, {"t", "parts"});
    std::array<Hash, kContextParts> parts;
    ContextLine context{};
    std::size_t count = 0;
    each(line, members.index(1), [&](std::uint32_t element) {
        if (count == parts.size()) {
            malformed("a context has not three parts");
        }
        context.hidden[count] = has_only_hash(line, element);
        if (context.hidden[count]) {
            parts[count] = only_hash(line, element);
        } else {
            const Members part(line, element, {"salt", "bytes"});
            parts[count] =
                context_part(static_cast<std::uint8_t>(count), salt_of(part[0]), hex_of(part[1]));
        }
        ++count;
    });
    if (count != parts.size()) {
        malformed("a context has not three parts");
    }
    context.commitment = context_commitment(parts);
    return context;
}

EventLine read_event(const JsonLine &line, bool whole_ledger) {
    const Members members =
        whole_ledger
            ? Members(line, 0,
                      {"t", "op", "context", "descriptor", "key", "images", "seq", "cid", "lsn",
                       "pair", "org"})
            : Members(line, 0, {"t", "op", "context", "descriptor", "key", "images", "order"});
    EventLine event{};
    const std::string_view op = text_of(members[1]);
    if (op.size() != 1 || std::string_view("BIUDLEMNTS").find(op[0]) == std::string_view::npos) {
        malformed("the operation is unknown");
    }
    event.op = op[0];
    event.context = hash_of(members[2]);
    event.descriptor = hash_of(members[3]);
    read_key(line, members.index(4), event);
    read_images(line, members.index(5), event);
    if (!whole_ledger) {
        event.order = hash_of(members[6]);
        return event;
    }
    event.seq = number_of_u32(members[6]);
    event.cid = number_of_u32(members[7]);
    event.lsn = decimal_of(members[8]);
    event.pair = pair_of(members[9]);
    event.org = hex_of(members[10]);
    return event;
}

TransactionLine read_org_transaction(const JsonLine &line) {
    const Members members(line, 0, {"t", "token", "started", "committing", "events"});
    TransactionLine transaction{};
    transaction.token = hash_of(members[1]);
    transaction.started = time_of(members[2]);
    transaction.committing = time_of(members[3]);
    transaction.events = number_of_u32(members[4]);
    return transaction;
}

TransactionLine read_ledger_transaction(const JsonLine &line, bool pruned) {
    const Members members(
        line, 0,
        {"t", pruned ? "token" : "secret", "incarnation", "xid", "started", "committing", "orgs"});
    TransactionLine transaction{};
    (pruned ? transaction.token : transaction.secret) = hash_of(members[1]);
    transaction.incarnation = hash_of(members[2]);
    transaction.xid = decimal_of(members[3]);
    if (!pruned) {
        transaction.token =
            transaction_token(transaction.secret, transaction.incarnation, transaction.xid);
    }
    transaction.started = time_of(members[4]);
    transaction.committing = time_of(members[5]);
    transaction.orgs = orgs_of(line, members.index(6));
    return transaction;
}

Link read_link(const JsonLine &line, bool whole_ledger) {
    const Members members =
        whole_ledger
            ? Members(
                  line, 0,
                  {"t", "k", "block", "transactions", "events", "total", "tree", "before", "org"})
            : Members(line, 0,
                      {"t", "k", "block", "transactions", "events", "total", "tree", "before"});
    return {whole_ledger ? hex_of(members[8]) : Bytes{},
            number_of(members[1], kMostNumber),
            number_of(members[2], kMostNumber),
            number_of_u32(members[3]),
            number_of(members[4], kMostNumber),
            number_of(members[5], kMostNumber),
            hash_of(members[6]),
            hash_of(members[7])};
}

BlockLine read_block(const JsonLine &line, bool whole_ledger) {
    const Members members =
        whole_ledger
            ? Members(line, 0,
                      {"t", "number", "incarnation", "before", "slots", "sealed_at", "secret",
                       "kind", "lineage", "snapshot", "transactions", "events", "tree", "lsn",
                       "notes", "slot_of"})
            : Members(line, 0,
                      {"t", "number", "incarnation", "before", "slots", "sealed_at", "private"});
    BlockLine result{};
    Block &block = result.block;
    block.number = number_of(members[1], kMostNumber);
    block.incarnation = hash_of(members[2]);
    block.before = hash_of(members[3]);
    block.slots = hash_of(members[4]);
    block.sealed_at = time_of(members[5]);
    if (!whole_ledger) {
        block.private_part = hash_of(members[6]);
        return result;
    }
    result.lineage = number_of_u32(members[8]);
    result.private_part = {hash_of(members[6]),
                           static_cast<std::uint8_t>(number_of(members[7], 1)),
                           result.lineage,
                           text_of(members[9]),
                           number_of(members[10], kMostNumber),
                           number_of(members[11], kMostNumber),
                           hash_of(members[12]),
                           decimal_of(members[13]),
                           text_of(members[14])};
    result.snapshot = snapshot_of(result.private_part.snapshot);
    result.adopted = adopted_of(result.private_part.notes);
    each(line, members.index(15), [&](std::uint32_t element) {
        if (line.at(element).kind != JsonKind::list || line.at(element).size != 2) {
            malformed("slot_of has an element that is no slot and organization");
        }
        const std::uint32_t slot = element + 1;
        result.slot_of.emplace_back(
            static_cast<std::uint32_t>(number_of(line.at(slot), kSlots - 1)),
            hex_of(line.at(line.at(slot).next)));
    });
    return result;
}

HeadLine read_head(const JsonLine &line) {
    const Members members(line, 0, {"t", "block", "slot", "blinding", "path", "link"});
    HeadLine head;
    head.block = number_of(members[1], kMostNumber);
    head.slot = static_cast<std::uint32_t>(number_of(members[2], kSlots - 1));
    head.blinding = hash_of(members[3]);
    std::size_t count = 0;
    each(line, members.index(4), [&](std::uint32_t element) {
        if (count < head.path.size()) {
            head.path[count] = hash_of(line.at(element));
        }
        ++count;
    });
    if (count != head.path.size()) {
        malformed("the path of a head has not 24 hashes");
    }
    head.link = hash_of(members[5]);
    return head;
}

PathLine read_path(const JsonLine &line) {
    const Members members(line, 0, {"t", "index", "of", "hashes"});
    PathLine path{number_of(members[1], kMostNumber), number_of(members[2], kMostNumber), {}};
    each(line, members.index(3),
         [&](std::uint32_t element) { path.hashes.push_back(hash_of(line.at(element))); });
    return path;
}

} // namespace custody::ledger
