// Whether a ledger is still the one that was anchored: from the block of the last digest, with its
// hash, a chain of blocks leads to the newest. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/bundle.hpp"

namespace custody::audit {

/// A row of custody_ledger.block: what its hash is made of, and the hash that it has.
struct ChainBlock {
    ledger::Block block;
    ledger::Hash stored;
};

struct Break {
    std::string kind; // "fork", "gap" or "old digest"
    std::string detail;
};

class Continuity {
  public:
    Continuity(const ledger::Digest &last, const ledger::Digest &newest);

    /// What the digests alone tell. Then blocks from the last digest's to the newest's are added.
    std::optional<Break> begin() const;
    std::optional<Break> add(const ChainBlock &row);
    std::optional<Break> end() const;

    std::uint64_t next() const { return next_; }

  private:
    ledger::Digest last_;
    ledger::Digest newest_;
    std::uint64_t next_;
    ledger::Hash before_{};
};

} // namespace custody::audit
