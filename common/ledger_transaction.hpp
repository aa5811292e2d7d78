// What a row of custody_ledger.tx holds besides plain columns: the transaction's trees (orgs) and
// the contexts of its events (contexts), and the fields of a part of a context
// (docs/ledger-format.md, sections 4 and 5). Readers over bytes of the caller; nothing allocates or
// throws.
#pragma once

#include <cstdint>
#include <optional>

#include "common/ledger_hash.hpp"

namespace custody::ledger {

/// One organization's tree in a transaction.
struct OrgTree {
    Bytes org;
    std::uint32_t events;
    Hash tree;
};

/// lp(org) || u32 events || tree, for each, ascending bytewise.
class OrgReader {
  public:
    explicit OrgReader(Bytes orgs) noexcept : rest_(orgs) {}
    /// False at the end, and where the bytes are malformed or not ascending.
    bool next(OrgTree &tree) noexcept;
    bool complete() const noexcept { return good_ && rest_.empty(); }

  private:
    Bytes rest_;
    Bytes last_;
    bool first_ = true;
    bool good_ = true;
};

/// How many there are; nothing where the bytes are malformed.
std::optional<std::uint32_t> orgs_number(Bytes orgs) noexcept;

inline constexpr std::size_t org_tree_bytes(std::size_t org) noexcept { return 4 + org + 4 + 32; }
/// Writes at `out`, where there is room for org_tree_bytes(); returns what is behind it.
std::byte *put_org_tree(std::byte *out, const OrgTree &tree) noexcept;

/// One part of a context as it is stored.
struct ContextPart {
    bool erased;     // then only the commitment is there
    Hash commitment; // always
    Salt salt;
    Bytes bytes;
};

/// u16 count, and for each context three parts: u8 1 || salt || lp(bytes), or u8 0 || commitment.
class ContextReader {
  public:
    explicit ContextReader(Bytes contexts) noexcept;
    std::uint16_t count() const noexcept { return count_; }
    bool next(std::array<ContextPart, kContextParts> &parts) noexcept;
    bool complete() const noexcept { return good_ && read_ == count_ && rest_.empty(); }

  private:
    bool read_part(std::uint8_t number, ContextPart &part) noexcept;

    Bytes rest_;
    std::uint16_t count_ = 0; // filled while good_ is
    bool good_;
    std::uint16_t read_ = 0;
};

/// The commitment to the context that the parts make.
Hash context_of(const std::array<ContextPart, kContextParts> &parts) noexcept;

/// Fields of a part of a context: u16 number, and each i32 length (-1: unknown) and UTF-8.
class FieldReader {
  public:
    explicit FieldReader(Bytes part) noexcept;
    std::uint16_t count() const noexcept { return count_; }
    /// An unknown field is nothing.
    bool next(std::optional<std::string_view> &field) noexcept;
    bool complete() const noexcept { return good_ && read_ == count_ && rest_.empty(); }

  private:
    Bytes rest_;
    std::uint16_t count_ = 0; // filled while good_ is
    bool good_;
    std::uint16_t read_ = 0;
};

} // namespace custody::ledger
