#include "common/bundle_events.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/big_endian.hpp"
#include "common/ledger_descriptor.hpp"
#include "common/ledger_image.hpp"
#include "common/strict_json.hpp"
#include "common/token_identity.hpp"

namespace custody::ledger {

namespace {

/// Which kinds an image may have, as bits.
constexpr unsigned kNone = 1U << static_cast<unsigned>(ImageKind::none);
constexpr unsigned kFull = 1U << static_cast<unsigned>(ImageKind::full);
constexpr unsigned kChanged = 1U << static_cast<unsigned>(ImageKind::changed);
constexpr unsigned kText = 1U << static_cast<unsigned>(ImageKind::text);

struct Kinds {
    unsigned old_image;
    unsigned new_image;
};

Kinds kinds_of(char op) noexcept {
    switch (op) {
    case 'B':
    case 'I':
    case 'E':
    case 'N':
        return {kNone, kFull};
    case 'U':
        return {kFull | kChanged, kFull | kChanged};
    case 'D':
    case 'L':
    case 'M':
        return {kFull, kNone};
    default:
        return {kNone, kText};
    }
}

/// An image of one of the kinds, of a table with so many columns. Returns the text of one.
std::string_view check_image(Bytes image, unsigned kinds, std::size_t columns) {
    ImageReader reader(image);
    const std::string_view text = reader.text();
    std::int32_t last = -1;
    for (ImageValue value; reader.next(value);) {
        last = value.position;
    }
    require(reader.complete(), Reason::form, "an image is malformed");
    require((kinds >> static_cast<unsigned>(reader.kind()) & 1) != 0, Reason::form,
            "an image is of a kind that the operation has not");
    require(last < static_cast<std::int64_t>(columns), Reason::form,
            "an image has a column that the descriptor has not");
    require(reader.kind() != ImageKind::full || reader.columns() == columns, Reason::form,
            "an image has other columns than the descriptor");
    return text;
}

/// A wire row of so many columns, or no bytes where there are none.
void check_key(Bytes key, std::size_t columns) {
    constexpr const char *kWrong = "a key has not the columns of the descriptor's";
    if (columns == 0) {
        require(key.empty(), Reason::form, kWrong);
        return;
    }
    require(key.size() >= 2 && wire::get_big<std::uint16_t>(key.data()) == columns, Reason::form,
            kWrong);
    key = key.subspan(2);
    for (std::size_t i = 0; i < columns; ++i) {
        require(key.size() >= 4, Reason::form, kWrong);
        const std::int32_t length = wire::get_i32(key.data());
        key = key.subspan(4);
        const std::size_t size = length > 0 ? static_cast<std::size_t>(length) : 0;
        require(length >= -1 && size <= key.size(), Reason::form, kWrong);
        key = key.subspan(size);
    }
    require(key.empty(), Reason::form, kWrong);
}

void check_text(std::string_view text) {
    try {
        token::parse_object(text);
    } catch (const token::Refused &refused) {
        throw Refutation{Reason::form,
                         std::string("the text of an image is wrong: ") + refused.what()};
    }
}

} // namespace

std::size_t HashOfHash::operator()(const Hash &hash) const noexcept {
    std::size_t value;
    std::memcpy(&value, hash.data(), sizeof(value));
    return value;
}

void GrowingTree::add(const Hash &leaf) {
    peaks_.resize(static_cast<std::size_t>(std::popcount(count_)) + 1);
    add_leaf(peaks_.data(), count_, leaf);
    ++count_;
}

bool Events::take(std::string_view t, const JsonLine &line) {
    if (t == "descriptor") {
        descriptor(line);
    } else if (t == "context") {
        context(line);
    } else {
        return false;
    }
    return true;
}

void Events::descriptor(const JsonLine &line) {
    const std::string_view text = read_descriptor(line);
    try {
        const Descriptor read = parse_descriptor(text);
        Meaning meaning{read.columns.size(), read.key.size(), !read.table.empty(),
                        NamedTable{read.schema + "." + read.name, {}, read.form}};
        for (const std::uint16_t position : read.key) {
            meaning.named.key_types.push_back(read.columns[position].type);
        }
        pending_.push_back(descriptor_hash(text));
        require(descriptors_.emplace(pending_.back(), std::move(meaning)).second, Reason::place,
                "the descriptor was there before");
    } catch (const DescriptorError &error) {
        throw Refutation{Reason::form, error.what()};
    }
}

void Events::context(const JsonLine &line) {
    const ContextLine context = read_context(line);
    pending_.push_back(context.commitment);
    const auto shown = context.hidden.end() - (result_.kind == "ledger" ? 0 : 1);
    result_.hidden_parts +=
        static_cast<std::uint64_t>(std::count(context.hidden.begin(), shown, true));
    require(contexts_.insert(pending_.back()).second, Reason::place,
            "the context was there before");
}

EventLine Events::event(const JsonLine &line, bool whole_ledger) {
    EventLine event = read_event(line, whole_ledger);
    const auto meaning = descriptors_.find(event.descriptor);
    require(meaning != descriptors_.end(), Reason::place,
            "the event names a descriptor that does not come before it");
    require(contexts_.count(event.context) != 0, Reason::place,
            "the event names a context that does not come before it");
    for (const Hash &hash : pending_) {
        require(hash == event.descriptor || hash == event.context, Reason::place,
                "a descriptor or context before the event is not its own");
    }
    pending_.clear();
    const bool of_rows = event.op != 'T' && event.op != 'S';
    require(meaning->second.of_a_table || event.op == 'S', Reason::form,
            "the descriptor {} is of no table, and the event of one");
    if (!event.key_hidden) {
        check_key(event.key_bytes, of_rows ? meaning->second.key : 0);
    }
    if (!event.images_hidden) {
        check_images(event, meaning->second);
    }
    ++result_.events;
    result_.hidden_keys += event.key_hidden ? 1 : 0;
    result_.hidden_images += event.images_hidden ? 1 : 0;
    return event;
}

std::string Events::row_of(const EventLine &event) const {
    const NamedTable &table = descriptors_.at(event.descriptor).named;
    return event.key_hidden ? table.name + " (erased)" : row_name(table, event.key_bytes);
}

void Events::check_images(const EventLine &event, const Meaning &meaning) {
    const Kinds kinds = kinds_of(event.op);
    check_image(event.old_image, kinds.old_image, meaning.columns);
    const std::string_view text = check_image(event.new_image, kinds.new_image, meaning.columns);
    if (kinds.new_image == kText) {
        check_text(text);
    }
}

void Events::end_transaction() {
    require(pending_.empty(), Reason::place, "a descriptor or context before it is no event's");
    contexts_.clear();
}

void Events::end() const {
    require(pending_.empty(), Reason::place, "a descriptor or context is no event's");
}

DigestMatch::DigestMatch(const std::vector<Digest> &digests) {
    for (const Digest &digest : digests) {
        digests_.emplace(digest.block, digest);
    }
}

void DigestMatch::block(std::uint64_t number, const Hash &hash) {
    const auto [begin, end] = digests_.equal_range(number);
    for (auto digest = begin; digest != end; ++digest) {
        if (digest->second.hash == hash) {
            latest_ = std::max(latest_, number);
        } else {
            fork_ = number;
        }
    }
}

bool DigestMatch::other_ledger(const Uuid &ledger) const {
    for (const auto &[number, digest] : digests_) {
        if (digest.ledger != ledger) {
            return true;
        }
    }
    return false;
}

std::uint64_t DigestMatch::latest(const Uuid &ledger) const {
    if (other_ledger(ledger)) {
        throw Refutation{Reason::digest, "the digest is of another ledger"};
    }
    if (fork_ != 0) {
        throw Refutation{Reason::digest, "block " + std::to_string(fork_) +
                                             " has another hash than the digest says"};
    }
    return latest_;
}

void BlockChain::add(const JsonLine &line, std::uint64_t first, std::uint64_t or_first) {
    Block block = read_block(line, false).block;
    block.ledger = header_.ledger;
    if (first_ == 0) {
        require(block.number != 0 && (block.number == first || block.number == or_first),
                Reason::block, "the blocks do not begin where they should");
        require(block.number != 1 || block.before == kNothingBefore, Reason::block,
                "something stands before block 1");
        first_ = block.number;
    } else {
        require(block.number == last_ + 1, Reason::block, "a block is missing or out of order");
        require(block.before == last_hash_, Reason::block,
                "it does not follow the block before it");
    }
    last_ = block.number;
    last_hash_ = block_hash(block);
    digests_.block(block.number, last_hash_);
    if (block.number + 1 == header_.from_block) {
        slots_before_ = block.slots;
    }
    if (block.number == header_.to_block) {
        slots_at_end_ = block.slots;
    }
    ++result_.blocks;
}

const Hash &BlockChain::slots_of(std::uint64_t number) const {
    return number == header_.to_block ? slots_at_end_ : slots_before_;
}

LinkState::LinkState(const Link &link)
    : k(link.k), total(link.total), block(link.block), hash(link_hash(link)) {}

void LinkState::follow(const Link &link, const GrowingTree &transactions, std::uint64_t events) {
    require(link.k == k + 1, Reason::link, "its k is not the next one");
    require(link.before == hash, Reason::link, "it does not follow the link before it");
    require(link.block > block, Reason::link, "its block does not ascend");
    require(link.transactions == transactions.count(), Reason::link,
            "it has another number of transactions");
    require(link.transactions != 0 || link.k == 1, Reason::link,
            "it has no transactions and is not the first");
    require(link.events == events, Reason::link, "it has another number of events");
    require(link.total == total + events, Reason::link, "its total does not add up");
    require(link.tree == transactions.value(), Reason::link, "it has another tree");
    *this = LinkState(link);
}

} // namespace custody::ledger
