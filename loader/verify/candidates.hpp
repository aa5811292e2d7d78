// The differences of the first look, and what became of each at those that followed. By hashes
// alone: a difference is the same again when key, kind and the row hashes of both sides are.
// Pure.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "loader/verify/match.hpp"

namespace custody::verify {

class Candidates {
  public:
    /// `most`: further ones are counted and stay unsettled. Without a key a row hash is all that
    /// tells rows apart, so that no difference can be another one of the same row.
    Candidates(bool keyed, std::uint64_t most) : keyed_(keyed), most_(most) {}

    void add(const Unlike &unlike);

    void begin_look();
    enum class Met { again, known, other };
    /// A difference of this look: an open one again, which is persistent now; one that was told
    /// persistent before; or another one.
    Met meet(const Unlike &unlike);
    /// Both sides have this row now.
    void meet_same(const RowId &row);
    /// For what meet() called another one, after all were met: whether it takes the place of one
    /// that has changed since.
    bool replace(const Unlike &unlike);
    /// Open ones that were not met were in flight. True when one of them is gone from the source
    /// and was never seen on the target: that shows nothing about the target.
    bool end_look();

    /// Nothing has moved since all that is open was seen. `beyond`: those that were only counted,
    /// too.
    void all_persistent(bool beyond);
    bool any_open() const;
    /// In ascending order.
    std::vector<std::uint32_t> open_buckets() const;
    void count(TableDifferences &total) const;

  private:
    struct Candidate {
        Kind kind = Kind::different;
        Age age = Age::open;
        bool met = false, present = false; // in this look; present: on both sides, the same
        std::uint32_t bucket = 0;
        digest::RowHash source, target;

        bool is(const Unlike &unlike) const;
        void become(const Unlike &unlike);
    };
    struct HashOfHash {
        std::size_t operator()(const digest::RowHash &hash) const noexcept {
            return hash.words[1] ^ hash.words[3];
        }
    };

    bool keyed_;
    std::uint64_t most_;
    std::unordered_multimap<digest::RowHash, Candidate, HashOfHash> by_key_;
    TableDifferences beyond_; // those that are more than `most`
};

} // namespace custody::verify
