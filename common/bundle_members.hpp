// Which transactions are a block's members (docs/ledger-format.md, section 6), as far as a bundle
// has the blocks to tell. Of common/bundle only. Throws Refutation (Reason::member).
#pragma once

#include <map>
#include <optional>
#include <set>

#include "common/bundle_lines.hpp"

namespace custody::ledger {

class BlockMembers {
  public:
    /// The next block.
    void begin_block(const BlockLine &block);
    /// The next transaction of the block.
    void add(const Hash &incarnation, std::uint64_t xid);
    /// All of the block's transactions were added, unless they are not `shown`. `line`: the
    /// block's.
    void end_block(std::uint64_t line, bool shown);

  private:
    void check_adopted(const std::vector<Adopted> &adopted, std::uint8_t kind);
    void know_lineage(const Hash &incarnation, std::uint32_t lineage);

    std::map<Hash, std::uint32_t> lineages_;      // of incarnations
    std::map<std::uint32_t, Snapshot> snapshots_; // newest of each lineage, the block's but for one
    std::map<Hash, std::set<std::uint32_t>> not_; // lineages that an incarnation cannot have
    std::set<Adopted> ever_adopted_;

    std::uint32_t lineage_ = 0;
    Snapshot snapshot_;
    std::set<Adopted> to_come_; // adopted by the block, and not yet added
    std::optional<Adopted> last_;
};

} // namespace custody::ledger
