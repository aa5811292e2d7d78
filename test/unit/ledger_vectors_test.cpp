// The hashes of test/vectors/ledger/hashes.tsv, which were worked out from docs/ledger-format.md by
// Python that shares nothing with common/.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "common/ledger_hash.hpp"
#include "common/ledger_transaction.hpp"
#include "common/slot_tree.hpp"

using namespace custody::ledger;

namespace {

std::string from_hex(const std::string &digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

template <typename Bytes> std::string to_hex(const Bytes &bytes) {
    std::string digits;
    for (const std::byte byte : bytes) {
        digits += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
        digits += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
    }
    return digits;
}

std::vector<std::string> split(const std::string &text, char at) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, at);) {
        parts.push_back(part);
    }
    return parts;
}

/// name=value, with spaces between.
class Inputs {
  public:
    explicit Inputs(const std::string &text) {
        for (const std::string &pair : split(text, ' ')) {
            const auto equals = pair.find('=');
            values_[pair.substr(0, equals)] = pair.substr(equals + 1);
        }
    }
    const std::string &text(const std::string &name) const { return values_.at(name); }
    std::string bytes(const std::string &name) const { return from_hex(text(name)); }
    std::uint64_t number(const std::string &name) const { return std::stoull(text(name)); }
    std::uint32_t u32(const std::string &name) const {
        return static_cast<std::uint32_t>(number(name));
    }
    std::int64_t time(const std::string &name) const { return std::stoll(text(name)); }
    template <typename Fixed> Fixed fixed(const std::string &name) const {
        const std::string bytes = from_hex(text(name));
        Fixed value;
        EXPECT_EQ(bytes.size(), value.size()) << name;
        std::memcpy(value.data(), bytes.data(), value.size());
        return value;
    }
    Hash hash(const std::string &name) const { return fixed<Hash>(name); }
    Salt salt() const { return fixed<Salt>("salt"); }

  private:
    std::map<std::string, std::string> values_;
};

Hash numbered(std::uint32_t number) {
    const std::string bytes{static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                            static_cast<char>(number >> 8), static_cast<char>(number)};
    return custody::digest::sha256(bytes_of(bytes));
}

std::vector<Hash> leaves(const Inputs &in) {
    std::vector<Hash> all;
    for (std::uint32_t i = 0; i < in.u32("leaves"); ++i) {
        all.push_back(numbered(i));
    }
    return all;
}

std::vector<SlotLeaf> taken(const Inputs &in) {
    std::vector<SlotLeaf> all;
    for (const std::string &text : split(in.text("taken"), ',')) {
        const auto slot = static_cast<std::uint32_t>(std::stoul(text));
        all.push_back({slot, slot_leaf(slot_blinding(in.hash("secret"), slot), numbered(slot))});
    }
    return all;
}

template <typename Path> std::string joined(const Path &path) {
    std::string text;
    for (const Hash &hash : path) {
        text += to_hex(hash);
    }
    return text;
}

std::string transaction(const Inputs &in) {
    std::string blob;
    std::uint32_t count = 0;
    for (const std::string &entry : split(in.text("orgs"), ',')) {
        const auto fields = split(entry, ':');
        const std::string org = from_hex(fields.at(0));
        const std::string tree = from_hex(fields.at(2));
        OrgTree one{bytes_of(org), static_cast<std::uint32_t>(std::stoul(fields.at(1))), {}};
        std::memcpy(one.tree.data(), tree.data(), one.tree.size());
        std::string bytes(org_tree_bytes(org.size()), '\0');
        put_org_tree(reinterpret_cast<std::byte *>(bytes.data()), one);
        blob += bytes;
        ++count;
    }
    EXPECT_EQ(orgs_number(bytes_of(blob)), count);
    return to_hex(transaction_leaf(in.hash("token"), in.time("started"), in.time("committing"),
                                   count, bytes_of(blob)));
}

std::string link(const Inputs &in) {
    const std::string org = in.bytes("org");
    return to_hex(
        link_hash({bytes_of(org), in.number("k"), in.number("block"), in.u32("transactions"),
                   in.number("events"), in.number("total"), in.hash("tree"), in.hash("before")}));
}

std::string private_of(const Inputs &in) {
    const std::string snapshot = in.bytes("snapshot");
    const std::string notes = in.bytes("notes");
    return to_hex(private_part({in.hash("secret"), static_cast<std::uint8_t>(in.u32("kind")),
                                in.u32("lineage"), snapshot, in.number("transactions"),
                                in.number("events"), in.hash("tree"), in.number("lsn"), notes}));
}

using Function = std::function<std::string(const Inputs &)>;

const std::map<std::string, Function> kFunctions{
    {"tree", [](const Inputs &in) { return to_hex(tree_of(leaves(in))); }},
    {"path", [](const Inputs &in) { return joined(audit_path(leaves(in), in.u32("index"))); }},
    {"incarnation",
     [](const Inputs &in) {
         return to_hex(
             incarnation_hash(in.number("system"), in.u32("timeline"), in.u32("database")));
     }},
    {"descriptor", [](const Inputs &in) { return to_hex(descriptor_hash(in.bytes("text"))); }},
    {"key",
     [](const Inputs &in) { return to_hex(key_commitment(in.salt(), bytes_of(in.bytes("key")))); }},
    {"images",
     [](const Inputs &in) {
         const std::string before = in.bytes("old");
         const std::string after = in.bytes("new");
         return to_hex(images_commitment(in.salt(), bytes_of(before), bytes_of(after)));
     }},
    {"value",
     [](const Inputs &in) {
         const std::string value = in.bytes("value");
         return to_hex(value_hash(in.salt(), static_cast<std::uint16_t>(in.u32("position")),
                                  bytes_of(value)));
     }},
    {"part",
     [](const Inputs &in) {
         const std::string bytes = in.bytes("bytes");
         return to_hex(
             context_part(static_cast<std::uint8_t>(in.u32("part")), in.salt(), bytes_of(bytes)));
     }},
    {"context",
     [](const Inputs &in) {
         return to_hex(context_commitment({in.hash("who"), in.hash("where"), in.hash("claims")}));
     }},
    {"order",
     [](const Inputs &in) {
         return to_hex(
             order_commitment({in.hash("secret"), in.hash("incarnation"), in.number("xid"),
                               in.u32("seq"), in.u32("cid"), in.number("lsn"), in.u32("pair")}));
     }},
    {"event",
     [](const Inputs &in) {
         return to_hex(event_leaf({in.hash("order"), in.text("op").at(0), in.hash("context"),
                                   in.hash("descriptor"), in.hash("key"), in.hash("images")}));
     }},
    {"token",
     [](const Inputs &in) {
         return to_hex(
             transaction_token(in.hash("secret"), in.hash("incarnation"), in.number("xid")));
     }},
    {"org_transaction",
     [](const Inputs &in) {
         return to_hex(org_transaction_leaf(in.hash("token"), in.time("started"),
                                            in.time("committing"), in.u32("events"),
                                            in.hash("tree")));
     }},
    {"transaction", transaction},
    {"link", link},
    {"blinding",
     [](const Inputs &in) { return to_hex(slot_blinding(in.hash("secret"), in.u32("slot"))); }},
    {"slot",
     [](const Inputs &in) { return to_hex(slot_leaf(in.hash("blinding"), in.hash("link"))); }},
    {"empty",
     [](const Inputs &in) {
         return to_hex(empty_slots(in.hash("secret"), static_cast<std::uint8_t>(in.u32("depth")),
                                   in.u32("index")));
     }},
    {"slots", [](const Inputs &in) { return to_hex(slot_root(taken(in), in.hash("secret"))); }},
    {"slots_path",
     [](const Inputs &in) {
         return joined(slot_path(taken(in), in.hash("secret"), in.u32("slot")));
     }},
    {"private", private_of},
    {"block", [](const Inputs &in) {
         return to_hex(block_hash({in.fixed<Uuid>("ledger"), in.number("number"),
                                   in.hash("incarnation"), in.hash("before"), in.hash("slots"),
                                   in.hash("private"), in.time("sealed_at")}));
     }}};

TEST(LedgerVectors, EveryHash) {
    std::ifstream file(CUSTODY_SOURCE_DIR "/test/vectors/ledger/hashes.tsv");
    std::map<std::string, int> seen;
    for (std::string line; std::getline(file, line);) {
        auto fields = split(line, '\t');
        fields.resize(4); // a path of one leaf is empty
        const auto function = kFunctions.find(fields[1]);
        ASSERT_NE(function, kFunctions.end()) << line;
        EXPECT_EQ(function->second(Inputs(fields[2])), fields[3]) << fields[0];
        ++seen[fields[1]];
    }
    for (const auto &[name, function] : kFunctions) {
        EXPECT_GT(seen[name], 0) << name;
    }
}

} // namespace
