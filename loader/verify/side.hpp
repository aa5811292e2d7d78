// One side of a comparison: how the digests and the rows of a table are had from it.
// A Side belongs to one worker and its thread; it reads under that side's snapshot, over a
// connection it does not own. Throws SqlError, Error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest_value.hpp"
#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"

namespace custody::verify {

/// How one side's digests come about.
enum class Way : std::uint8_t { stored, extension, sql, stream };

std::string_view way_name(Way way) noexcept;

enum class Which : std::uint8_t { source, target };

/// A table as both sides are asked for it.
struct Subject {
    const plan::Table *table = nullptr; // not owned
    digest::Profile profile = digest::Profile::fast;
    wire::Form form = wire::Form::binary;
    std::uint32_t buckets = 1024;
    std::string condition; // SQL, on both sides; "" = all rows
};

/// A row of a bucket. Under the snapshot that found it, it is found again by its place, whatever
/// its key's type calls equal and whether or not there is a key.
struct RowId {
    std::uint32_t bucket = 0;
    std::uint32_t relation = 0; // OID of what stores it: the table, or one of its partitions
    std::uint64_t ctid = 0;     // block number << 16 | line pointer
    digest::RowHash key_hash;   // the row hash where there is no key
    digest::RowHash row_hash;
};

/// A row with its values in the order of plan::Table::columns, as output functions write them.
struct RowValues {
    RowId id;
    std::vector<std::optional<std::string>> values;
};

class Side {
  public:
    virtual ~Side() = default;
    virtual Way way() const noexcept = 0;

    /// One digest for each bucket, all alike; one scan.
    virtual std::vector<digest::DigestValue> buckets(const Subject &subject) = 0;

    /// The rows of the wanted buckets, in no order; only these travel. One scan.
    /// Not for stored and stream, which throw std::logic_error: drill-down asks sql or extension.
    virtual void rows(const Subject &subject, std::span<const std::uint32_t> wanted,
                      const std::function<void(RowId &&)> &each) = 0;

    /// The values of rows that rows() gave under the same snapshot, in no order.
    virtual std::vector<RowValues> values(const Subject &subject,
                                          std::span<const RowId> wanted) = 0;
};

} // namespace custody::verify
