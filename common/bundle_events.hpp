// The event lines of a bundle with what they refer to, descriptors and contexts, and how blocks and
// links follow one another: what the three kinds of bundles have in common. Of common/bundle only.
// Throws Refutation.
#pragma once

#include <map>
#include <unordered_map>
#include <unordered_set>

#include "common/bundle_lines.hpp"
#include "common/row_name.hpp"

namespace custody::ledger {

struct HashOfHash {
    std::size_t operator()(const Hash &hash) const noexcept; // its bytes are random already
};

/// A tree that grows leaf by leaf.
class GrowingTree {
  public:
    void add(const Hash &leaf);
    Hash value() const noexcept { return tree_of_peaks(peaks_.data(), count_); }
    std::uint64_t count() const noexcept { return count_; }

  private:
    std::vector<Hash> peaks_;
    std::uint64_t count_ = 0;
};

class Events {
  public:
    explicit Events(BundleResult &result) : result_(result) {}

    /// Takes a line of descriptor or context; false for any other.
    bool take(std::string_view t, const JsonLine &line);
    /// An event line, in its place and form.
    EventLine event(const JsonLine &line, bool whole_ledger);
    /// The row of an event that event() returned, for messages.
    std::string row_of(const EventLine &event) const;
    /// A transaction line: contexts before it are spent.
    void end_transaction();
    /// After the last line.
    void end() const;
    bool nothing_pending() const { return pending_.empty(); }

  private:
    struct Meaning {
        std::size_t columns;
        std::size_t key;
        bool of_a_table;
        NamedTable named;
    };

    void descriptor(const JsonLine &line);
    void context(const JsonLine &line);
    void check_images(const EventLine &event, const Meaning &meaning);

    BundleResult &result_;
    std::unordered_map<Hash, Meaning, HashOfHash> descriptors_;
    std::unordered_set<Hash, HashOfHash> contexts_; // of the transaction
    std::vector<Hash> pending_;                     // lines since the last event
};

/// The digests from elsewhere, and which of them are of a block of the bundle.
class DigestMatch {
  public:
    explicit DigestMatch(const std::vector<Digest> &digests);
    void block(std::uint64_t number, const Hash &hash);
    /// Throws where one contradicts; else the latest that is the bundle's, 0 where none is.
    std::uint64_t latest(const Uuid &ledger) const;

  private:
    std::multimap<std::uint64_t, Digest> digests_;
    bool other_ledger(const Uuid &ledger) const;
    std::uint64_t latest_ = 0;
    std::uint64_t fork_ = 0; // block of one with another hash
};

/// Blocks as the bundles of one organization have them.
class BlockChain {
  public:
    BlockChain(const HeaderLine &header, DigestMatch &digests, BundleResult &result)
        : header_(header), digests_(digests), result_(result) {}

    /// The number of the first block is one of these.
    void add(const JsonLine &line, std::uint64_t first, std::uint64_t or_first);
    std::uint64_t first() const { return first_; }
    std::uint64_t last() const { return last_; }
    /// A block from_block - 1, or to_block, that was there.
    const Hash &slots_of(std::uint64_t number) const;

  private:
    const HeaderLine &header_;
    DigestMatch &digests_;
    BundleResult &result_;
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    Hash last_hash_{};
    Hash slots_before_{};
    Hash slots_at_end_{};
};

/// What an organization's links have come to.
struct LinkState {
    std::uint64_t k = 0;
    std::uint64_t total = 0;
    std::uint64_t block = 0;
    Hash hash = kNothingBefore;

    explicit LinkState() = default;
    /// A link whose transactions are not shown.
    explicit LinkState(const Link &link);
    /// The next link, over `transactions` with `events` events. Throws where it does not follow.
    void follow(const Link &link, const GrowingTree &transactions, std::uint64_t events);
};

} // namespace custody::ledger
