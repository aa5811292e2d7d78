// The lines of a bundle (docs/ledger-format.md, section 8) as structs: everything that the section
// says of their form but what needs a descriptor. Of common/bundle only. What is read points into
// the line. Throws Refutation.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bundle.hpp"
#include "common/json_line.hpp"
#include "common/slot_tree.hpp"

namespace custody::ledger {

/// line 0: the one that is being read.
struct Refutation {
    Reason reason;
    std::string detail;
    std::uint64_t line = 0;
};

inline void require(bool holds, Reason reason, const char *detail, std::uint64_t line = 0) {
    if (!holds) {
        throw Refutation{reason, detail, line};
    }
}

/// The members of one object of a line, exactly these.
class Members {
  public:
    Members(const JsonLine &line, std::uint32_t object,
            std::initializer_list<std::string_view> names);
    const JsonValue &operator[](std::size_t member) const { return line_.at(index(member)); }
    std::uint32_t index(std::size_t member) const { return found_[member]; }

  private:
    const JsonLine &line_;
    std::array<std::uint32_t, 16> found_{}; // 0 is the line itself, never a member
};

/// Each throws where the value is not of its form. hex() may be called once for a value.
std::string_view text_of(const JsonValue &value);
Bytes hex_of(const JsonValue &value);
Hash hash_of(const JsonValue &value);
std::uint64_t number_of(const JsonValue &value, std::uint64_t most);
std::uint64_t decimal_of(const JsonValue &value);
std::int64_t time_of(const JsonValue &value);
/// A decimal number as section 1 writes it.
std::optional<std::uint64_t> parse_decimal(std::string_view text);
std::optional<std::int64_t> parse_time(std::string_view text);
std::optional<Hash> parse_hash(std::string_view digits);
std::optional<Uuid> parse_uuid(std::string_view text);

inline constexpr std::uint64_t kMostNumber = (1ULL << 53) - 1;

enum class BundleKind { org, event, ledger };

struct HeaderLine {
    BundleKind kind;
    std::string_view kind_word;
    std::string_view ledger_text;
    Uuid ledger;
    std::string org; // bytes
    std::uint64_t from_block;
    std::uint64_t to_block;
};

struct EventLine {
    char op;
    Hash context;
    Hash descriptor;
    bool key_hidden;
    bool images_hidden;
    Hash key;    // commitment
    Hash images; // commitment
    Bytes key_bytes;
    Bytes old_image;
    Bytes new_image;
    Hash order; // but in kind ledger
    // In kind ledger.
    std::uint32_t seq;
    std::uint32_t cid;
    std::uint64_t lsn;
    std::uint32_t pair;
    Bytes org;
};

struct OrgLine {
    Bytes org;
    std::uint32_t events;
    Hash tree;
};

struct TransactionLine {
    Hash token; // in kind ledger computed, but of a pruned one
    std::int64_t started;
    std::int64_t committing;
    std::uint32_t events; // but in kind ledger
    // In kind ledger.
    Hash secret; // but of a pruned one
    Hash incarnation;
    std::uint64_t xid;
    std::vector<OrgLine> orgs;
};

struct Snapshot {
    std::uint64_t xmin = 0;
    std::uint64_t xmax = 0;
    std::vector<std::uint64_t> running; // ascending
    bool sees(std::uint64_t xid) const noexcept;
};

struct Adopted {
    Hash incarnation;
    std::uint64_t xid;
    auto operator<=>(const Adopted &) const = default;
};

struct BlockLine {
    Block block; // private_part but in kind ledger; no ledger
    // In kind ledger.
    PrivatePart private_part;
    Snapshot snapshot;
    std::uint32_t lineage;
    std::vector<Adopted> adopted; // as the notes have it
    std::vector<std::pair<std::uint32_t, Bytes>> slot_of;
};

struct HeadLine {
    std::uint64_t block;
    std::uint32_t slot;
    Hash blinding;
    SlotPath path;
    Hash link;
};

struct PathLine {
    std::uint64_t index;
    std::uint64_t of;
    std::vector<Hash> hashes;
};

HeaderLine read_header(const JsonLine &line);
std::string_view read_descriptor(const JsonLine &line);
struct ContextLine {
    Hash commitment;
    std::array<bool, kContextParts> hidden; // there as hash only
};
ContextLine read_context(const JsonLine &line);
EventLine read_event(const JsonLine &line, bool whole_ledger);
TransactionLine read_org_transaction(const JsonLine &line);
TransactionLine read_ledger_transaction(const JsonLine &line, bool pruned);
Link read_link(const JsonLine &line, bool whole_ledger);
BlockLine read_block(const JsonLine &line, bool whole_ledger);
HeadLine read_head(const JsonLine &line);
PathLine read_path(const JsonLine &line);

} // namespace custody::ledger
