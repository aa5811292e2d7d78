// The wire row: the canonical bytes of one row, and their normalisation (docs/wire-format.md).
// Pure C++: no server header, no libpq. Errors: WireError on malformed input, std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.hpp"
#include "common/digest_value.hpp"
#include "common/rewrite.hpp"

namespace custody::wire {

class WireError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The form of a table's wire rows: bytes of send functions, or of output functions.
enum class Form : std::uint8_t { binary, text };

std::string_view form_name(Form form) noexcept; // "binary" or "text"
Form form_from_name(std::string_view name);     // throws WireError

/// What must be rewritten in the bytes of one value before they are hashed. Rewriting never
/// changes a length. `children`: the element of an array, the fields of a composite, the subtype
/// of a range or multirange. Domains have the rule of their base type.
struct TypeRule {
    using Kind = wire::Kind;
    Kind kind = Kind::raw;
    std::vector<TypeRule> children;

    /// True when values of this type are hashed as they are, at every depth.
    /// Arrays and composites never are; a range over a raw subtype is.
    bool is_raw() const noexcept;
    /// "raw", "float8", "array(raw)", "composite(raw,array(float4))", ...
    std::string to_text() const;
    bool operator==(const TypeRule &) const = default;
};

/// True for the built-in types whose send function emits an OID (regclass and its kin); a table
/// that has one at any depth takes the text form. `oid` itself is a plain value.
bool sends_oid(std::uint32_t type_oid) noexcept;

/// Rewrites one value in place: array flags recomputed, element and field type OIDs zeroed,
/// NaNs canonical, recursively.
void normalise(const TypeRule &rule, std::span<std::byte> value);

/// The rules of a table's columns in flat form: the first nodes are the columns, in order.
std::vector<FlatRule> flatten(const std::vector<TypeRule> &columns);

/// Hashes rows as COPY delivers them, bucket by bucket.
class StreamHasher {
  public:
    /// `columns`: one rule per column, in canonical order. `key`: positions of the key columns
    /// within them, in any order (the key's wire row has them ascending); empty = no key, the row
    /// hash picks the bucket. Throws WireError for a position that is not there or there twice, and
    /// for the evidence profile, whose hashes do not add up.
    StreamHasher(Form form, std::vector<TypeRule> columns, std::vector<std::uint16_t> key,
                 std::uint32_t buckets, digest::Profile profile = digest::Profile::fast);

    /// One row: a COPY BINARY tuple (without file header or trailer), or a line of COPY TEXT
    /// (without the newline at its end), matching the form. Not modified.
    void add(std::span<const std::byte> row);

    /// Of the fast profile; in the sql profile it stays empty.
    const digest::BucketSet &buckets() const noexcept { return buckets_; }

    /// One digest for each bucket; `columns` is the columns_fingerprint() of their names.
    std::vector<digest::DigestValue> digests(std::uint64_t columns) const;

  private:
    void check_count(std::span<const std::byte> row) const;
    void add_binary(std::span<const std::byte> row);
    void add_large_binary(std::span<const std::byte> row);
    void add_text(std::span<const std::byte> row);
    void add_large_text(std::span<const std::byte> row);
    void add_tuple(std::span<const std::byte> tuple);
    /// Into key_scratch_: the key's wire row, from a normalised tuple.
    void take_key(std::span<const std::byte> tuple);
    /// Counts a row whose key, where it has one, is in key_scratch_.
    void count(const digest::RowHash &row_hash);
    void start_key();
    void append_key(std::span<const std::byte> bytes);
    bool is_key(std::uint16_t column) const noexcept;

    Form form_;
    std::vector<FlatRule> rules_; // the first column_count_ are the columns
    std::uint16_t column_count_;
    std::vector<std::uint16_t> key_; // ascending; empty as well where one bucket needs no key
    bool all_raw_;
    digest::Profile profile_;
    digest::BucketSet buckets_;              // fast
    std::vector<digest::DigestValue> lanes_; // sql
    std::vector<std::byte> scratch_;
    std::vector<std::byte> key_scratch_;
};

} // namespace custody::wire
