// Every hash of docs/ledger-format.md but the trees (merkle.hpp): one function for each of its
// bytes. All are plain: they allocate nothing, throw nothing, and small inputs are put together on
// the stack for one call of sha256(), so that the capture trigger may use them for each row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/merkle.hpp"

namespace custody::ledger {

using Bytes = std::span<const std::byte>;
using Salt = std::array<std::byte, 16>;
using Uuid = std::array<std::byte, 16>;

inline Bytes bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Order::pair of an event that is no pair's second.
inline constexpr std::uint32_t kNoPair = 0xffffffffU;

/// Slots of a block's tree, and the levels above them.
inline constexpr unsigned kSlotLevels = 24;
inline constexpr std::uint32_t kSlots = 1U << kSlotLevels;

/// The parts of a context: who; where and what; claims.
inline constexpr std::size_t kContextParts = 3;

/// What stands before a link with k = 1, and before block 1.
inline constexpr Hash kNothingBefore{};

struct Order {
    Hash secret; // of the transaction
    Hash incarnation;
    std::uint64_t xid;
    std::uint32_t seq;
    std::uint32_t cid;
    std::uint64_t lsn;
    std::uint32_t pair; // or kNoPair
};

struct EventParts {
    Hash order;
    char op;
    Hash context;
    Hash descriptor;
    Hash key;    // commitment
    Hash images; // commitment
};

struct Link {
    Bytes org;
    std::uint64_t k;
    std::uint64_t block;
    std::uint32_t transactions;
    std::uint64_t events;
    std::uint64_t total;
    Hash tree;
    Hash before;
};

struct PrivatePart {
    Hash secret; // of the block
    std::uint8_t kind;
    std::uint32_t lineage;
    std::string_view snapshot;
    std::uint64_t transactions;
    std::uint64_t events;
    Hash tree;
    std::uint64_t lsn;
    std::string_view notes;
};

struct Block {
    Uuid ledger;
    std::uint64_t number;
    Hash incarnation;
    Hash before;
    Hash slots;
    Hash private_part;
    std::int64_t sealed_at;
};

/// 00
Hash event_leaf(const EventParts &event) noexcept;
/// 02
Hash order_commitment(const Order &order) noexcept;
/// 03
Hash key_commitment(const Salt &salt, Bytes key) noexcept;
/// 04. An image that is none is the one byte 00 here, too: no_image().
Hash images_commitment(const Salt &salt, Bytes old_image, Bytes new_image) noexcept;
Bytes no_image() noexcept;
/// 05; part < kContextParts
Hash context_part(std::uint8_t part, const Salt &salt, Bytes bytes) noexcept;
/// 06
Hash context_commitment(const std::array<Hash, kContextParts> &parts) noexcept;
/// 07
Hash descriptor_hash(std::string_view text) noexcept;
/// 08
Hash transaction_token(const Hash &secret, const Hash &incarnation, std::uint64_t xid) noexcept;
/// 09
Hash org_transaction_leaf(const Hash &token, std::int64_t started, std::int64_t committing,
                          std::uint32_t events, const Hash &tree) noexcept;
/// 0a. `orgs` is what follows their number, as custody_ledger.tx.orgs has it: for each, ascending
/// by its bytes, lp(organization) || u32 events || tree.
Hash transaction_leaf(const Hash &token, std::int64_t started, std::int64_t committing,
                      std::uint32_t orgs_number, Bytes orgs) noexcept;
/// 0b
Hash link_hash(const Link &link) noexcept;
/// 0c
Hash slot_blinding(const Hash &block_secret, std::uint32_t slot) noexcept;
/// 0d
Hash slot_leaf(const Hash &blinding, const Hash &link) noexcept;
/// 0e
Hash empty_slots(const Hash &block_secret, std::uint8_t depth, std::uint32_t index) noexcept;
/// 0f
Hash private_part(const PrivatePart &part) noexcept;
/// 10
Hash block_hash(const Block &block) noexcept;
/// 11
Hash value_hash(const Salt &images_salt, std::uint16_t position, Bytes value) noexcept;
/// 12
Hash incarnation_hash(std::uint64_t system_identifier, std::uint32_t timeline,
                      std::uint32_t database) noexcept;

} // namespace custody::ledger
