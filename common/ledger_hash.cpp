#include "common/ledger_hash.hpp"

#include <cstring>

#include "common/big_endian.hpp"

namespace custody::ledger {

namespace {

constexpr std::byte kFormat{1};
constexpr std::byte kNone{0};

/// What is hashed, put together on the stack; the caller counts that `Size` is enough.
template <std::size_t Size> class Input {
  public:
    explicit Input(std::uint8_t kind) noexcept { add_byte(std::byte{kind}); }

    void add_byte(std::byte value) noexcept { bytes_[size_++] = value; }
    template <typename Integer> void add_integer(Integer value) noexcept {
        wire::put_big(bytes_ + size_, value);
        size_ += sizeof(value);
    }
    void add(Bytes bytes) noexcept {
        if (!bytes.empty()) { // an empty span may have no address
            std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
            size_ += bytes.size();
        }
    }
    void add_lp(Bytes bytes) noexcept {
        add_integer(static_cast<std::uint32_t>(bytes.size()));
        add(bytes);
    }
    Bytes bytes() const noexcept { return Bytes(bytes_, size_); }
    Hash hash() const noexcept { return digest::sha256(bytes()); }

  private:
    std::size_t size_ = 0;
    std::byte bytes_[Size];
};

/// Variable bytes up to this size are copied behind the rest, larger ones hashed where they are.
constexpr std::size_t kCopied = 1024;

/// H(head || tail).
template <std::size_t Size> Hash hash_with(Input<Size> &head, Bytes tail) noexcept {
    if (tail.size() <= kCopied) {
        head.add(tail);
        return head.hash();
    }
    digest::PiecewiseSha256 hash;
    hash.add(head.bytes());
    hash.add(tail);
    return hash.value();
}

} // namespace

Hash event_leaf(const EventParts &event) noexcept {
    Input<1 + 1 + 32 + 1 + 4 * 32> input(0x00);
    input.add_byte(kFormat);
    input.add(event.order);
    input.add_byte(static_cast<std::byte>(event.op));
    input.add(event.context);
    input.add(event.descriptor);
    input.add(event.key);
    input.add(event.images);
    return input.hash();
}

Hash order_commitment(const Order &order) noexcept {
    Input<1 + 32 + 32 + 8 + 4 + 4 + 8 + 4> input(0x02);
    input.add(order.secret);
    input.add(order.incarnation);
    input.add_integer(order.xid);
    input.add_integer(order.seq);
    input.add_integer(order.cid);
    input.add_integer(order.lsn);
    input.add_integer(order.pair);
    return input.hash();
}

Hash key_commitment(const Salt &salt, Bytes key) noexcept {
    Input<1 + 16 + kCopied> input(0x03);
    input.add(salt);
    return hash_with(input, key);
}

Hash images_commitment(const Salt &salt, Bytes old_image, Bytes new_image) noexcept {
    if (old_image.size() + new_image.size() <= kCopied) {
        Input<1 + 16 + 4 + 4 + kCopied> input(0x04);
        input.add(salt);
        input.add_lp(old_image);
        input.add_lp(new_image);
        return input.hash();
    }
    Input<1 + 16 + 4> head(0x04);
    head.add(salt);
    head.add_integer(static_cast<std::uint32_t>(old_image.size()));
    std::byte new_size[4];
    wire::put_u32(new_size, static_cast<std::uint32_t>(new_image.size()));
    digest::PiecewiseSha256 hash;
    hash.add(head.bytes());
    hash.add(old_image);
    hash.add(new_size);
    hash.add(new_image);
    return hash.value();
}

Bytes no_image() noexcept { return Bytes(&kNone, 1); }

Hash context_part(std::uint8_t part, const Salt &salt, Bytes bytes) noexcept {
    Input<1 + 1 + 16 + kCopied> input(0x05);
    input.add_byte(std::byte{part});
    input.add(salt);
    return hash_with(input, bytes);
}

Hash context_commitment(const std::array<Hash, kContextParts> &parts) noexcept {
    Input<1 + kContextParts * 32> input(0x06);
    for (const Hash &part : parts) {
        input.add(part);
    }
    return input.hash();
}

Hash descriptor_hash(std::string_view text) noexcept {
    Input<1 + kCopied> input(0x07);
    return hash_with(input, bytes_of(text));
}

Hash transaction_token(const Hash &secret, const Hash &incarnation, std::uint64_t xid) noexcept {
    Input<1 + 32 + 32 + 8> input(0x08);
    input.add(secret);
    input.add(incarnation);
    input.add_integer(xid);
    return input.hash();
}

Hash org_transaction_leaf(const Hash &token, std::int64_t started, std::int64_t committing,
                          std::uint32_t events, const Hash &tree) noexcept {
    Input<1 + 32 + 8 + 8 + 4 + 32> input(0x09);
    input.add(token);
    input.add_integer(started);
    input.add_integer(committing);
    input.add_integer(events);
    input.add(tree);
    return input.hash();
}

Hash transaction_leaf(const Hash &token, std::int64_t started, std::int64_t committing,
                      std::uint32_t orgs_number, Bytes orgs) noexcept {
    Input<1 + 32 + 8 + 8 + 4 + kCopied> input(0x0a);
    input.add(token);
    input.add_integer(started);
    input.add_integer(committing);
    input.add_integer(orgs_number);
    return hash_with(input, orgs);
}

Hash link_hash(const Link &link) noexcept {
    digest::PiecewiseSha256 hash;
    Input<1 + 4> head(0x0b);
    head.add_integer(static_cast<std::uint32_t>(link.org.size()));
    hash.add(head.bytes());
    hash.add(link.org);
    std::byte numbers[8 + 8 + 4 + 8 + 8];
    wire::put_big(numbers, link.k);
    wire::put_big(numbers + 8, link.block);
    wire::put_big(numbers + 16, link.transactions);
    wire::put_big(numbers + 20, link.events);
    wire::put_big(numbers + 28, link.total);
    hash.add(numbers);
    hash.add(link.tree);
    hash.add(link.before);
    return hash.value();
}

Hash slot_blinding(const Hash &block_secret, std::uint32_t slot) noexcept {
    Input<1 + 32 + 4> input(0x0c);
    input.add(block_secret);
    input.add_integer(slot);
    return input.hash();
}

Hash slot_leaf(const Hash &blinding, const Hash &link) noexcept {
    Input<1 + 32 + 32> input(0x0d);
    input.add(blinding);
    input.add(link);
    return input.hash();
}

Hash empty_slots(const Hash &block_secret, std::uint8_t depth, std::uint32_t index) noexcept {
    Input<1 + 32 + 1 + 4> input(0x0e);
    input.add(block_secret);
    input.add_byte(std::byte{depth});
    input.add_integer(index);
    return input.hash();
}

Hash private_part(const PrivatePart &part) noexcept {
    digest::PiecewiseSha256 hash;
    Input<1 + 32 + 1 + 4 + 4> head(0x0f);
    head.add(part.secret);
    head.add_byte(std::byte{part.kind});
    head.add_integer(part.lineage);
    head.add_integer(static_cast<std::uint32_t>(part.snapshot.size()));
    hash.add(head.bytes());
    hash.add(bytes_of(part.snapshot));
    std::byte numbers[8 + 8];
    wire::put_big(numbers, part.transactions);
    wire::put_big(numbers + 8, part.events);
    hash.add(numbers);
    hash.add(part.tree);
    std::byte rest[8 + 4];
    wire::put_big(rest, part.lsn);
    wire::put_u32(rest + 8, static_cast<std::uint32_t>(part.notes.size()));
    hash.add(rest);
    hash.add(bytes_of(part.notes));
    return hash.value();
}

Hash block_hash(const Block &block) noexcept {
    Input<1 + 1 + 16 + 8 + 4 * 32 + 8> input(0x10);
    input.add_byte(kFormat);
    input.add(block.ledger);
    input.add_integer(block.number);
    input.add(block.incarnation);
    input.add(block.before);
    input.add(block.slots);
    input.add(block.private_part);
    input.add_integer(block.sealed_at);
    return input.hash();
}

Hash value_hash(const Salt &images_salt, std::uint16_t position, Bytes value) noexcept {
    Input<1 + 16 + 2 + kCopied> input(0x11);
    input.add(images_salt);
    input.add_integer(position);
    return hash_with(input, value);
}

Hash incarnation_hash(std::uint64_t system_identifier, std::uint32_t timeline,
                      std::uint32_t database) noexcept {
    Input<1 + 8 + 4 + 4> input(0x12);
    input.add_integer(system_identifier);
    input.add_integer(timeline);
    input.add_integer(database);
    return input.hash();
}

} // namespace custody::ledger
