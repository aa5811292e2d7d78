// The loader's hot path: a row of usual size is hashed from where it lies, or from one copy.
#include "common/wire_row.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/big_endian.hpp"
#include "common/copy_text.hpp"
#include "common/sha256.hpp"

namespace custody::wire {

namespace {

/// Rows from here on are hashed in pieces, so that a giant row is not copied as a whole.
constexpr std::size_t kLargeRow = std::size_t{256} * 1024;
constexpr std::size_t kChunk = std::size_t{16} * 1024;
constexpr std::size_t kMaxColumns = 1664; // of a COPY, as of a target list

using Bytes = std::span<const std::byte>;

/// The fields of a COPY BINARY tuple, one after the other.
class TupleReader {
  public:
    explicit TupleReader(Bytes tuple) : at_(tuple.data() + 2), end_(tuple.data() + tuple.size()) {}

    /// The next field with its length word.
    Bytes next() {
        if (end_ - at_ < 4) {
            throw WireError("row ends before its last column");
        }
        const std::int32_t length = get_i32(at_);
        if (length < -1 || (length > 0 && end_ - at_ - 4 < length)) {
            throw WireError("length of a column reaches behind the row");
        }
        const std::byte *field = at_;
        at_ += 4 + (length > 0 ? length : 0);
        return {field, at_};
    }
    void expect_end() const {
        if (at_ != end_) {
            throw WireError("row goes on after its last column");
        }
    }

  private:
    const std::byte *at_;
    const std::byte *end_;
};

bool is_null(Bytes field) { return get_i32(field.data()) == -1; }

void rewrite_field(const std::vector<FlatRule> &rules, std::uint32_t column,
                   std::span<std::byte> value) {
    if (const char *error = rewrite(rules.data(), column, value.data(), value.size())) {
        throw WireError(error);
    }
}

/// The hash of a row that comes in pieces.
class PiecewiseRowHash {
  public:
    explicit PiecewiseRowHash(digest::Profile profile) : fast_(profile == digest::Profile::fast) {}

    void add(Bytes piece) { fast_ ? xxh3_.add(piece) : sha256_.add(piece); }
    digest::RowHash value() {
        return fast_ ? digest::to_row_hash(xxh3_.value()) : digest::to_row_hash(sha256_.value());
    }

  private:
    bool fast_;
    digest::PiecewiseHash xxh3_;
    digest::PiecewiseSha256 sha256_;
};

} // namespace

StreamHasher::StreamHasher(Form form, std::vector<TypeRule> columns, std::vector<std::uint16_t> key,
                           std::uint32_t buckets, digest::Profile profile)
    : form_(form), rules_(flatten(columns)),
      column_count_(static_cast<std::uint16_t>(columns.size())), key_(std::move(key)),
      all_raw_(std::ranges::all_of(columns, &TypeRule::is_raw)), profile_(profile),
      buckets_(buckets) {
    if (profile == digest::Profile::evidence) {
        throw WireError("digests of the evidence profile do not add up from a stream");
    }
    if (profile == digest::Profile::sql) {
        digest::DigestValue empty;
        empty.profile = profile;
        lanes_.resize(buckets, empty);
    }
    if (columns.size() > kMaxColumns) {
        throw WireError("row has more columns than a table can have");
    }
    std::ranges::sort(key_);
    if (std::ranges::adjacent_find(key_) != key_.end() ||
        (!key_.empty() && key_.back() >= column_count_)) {
        throw WireError("key has a column that is not there or is there twice");
    }
    if (buckets == 1) {
        key_.clear();
    }
}

void StreamHasher::add(Bytes row) {
    if (row.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw WireError("row is longer than 2 GB");
    }
    const bool large = row.size() >= kLargeRow;
    if (form_ == Form::text) {
        large ? add_large_text(row) : add_text(row);
        return;
    }
    check_count(row);
    large ? add_large_binary(row) : add_binary(row);
}

void StreamHasher::check_count(Bytes row) const {
    if (row.size() < 2) {
        throw WireError("row ends before its number of columns");
    }
    if (get_big<std::uint16_t>(row.data()) != column_count_) {
        throw WireError("row has another number of columns than the table");
    }
}

bool StreamHasher::is_key(std::uint16_t column) const noexcept {
    return std::ranges::binary_search(key_, column);
}

void StreamHasher::start_key() {
    key_scratch_.resize(2);
    put_u16(key_scratch_.data(), static_cast<std::uint16_t>(key_.size()));
}

void StreamHasher::append_key(Bytes bytes) {
    key_scratch_.insert(key_scratch_.end(), bytes.begin(), bytes.end());
}

/// Reads no further than the last key column.
void StreamHasher::take_key(Bytes tuple) {
    start_key();
    TupleReader fields(tuple);
    std::uint16_t column = 0;
    for (const std::uint16_t key : key_) {
        for (; column < key; ++column) {
            fields.next();
        }
        append_key(fields.next());
        ++column;
    }
}

void StreamHasher::count(const digest::RowHash &row_hash) {
    const digest::RowHash key_hash =
        key_.empty() ? row_hash : digest::hash_row(profile_, key_scratch_);
    if (profile_ == digest::Profile::fast) {
        buckets_.add(digest::to_number(key_hash), digest::to_number(row_hash));
    } else {
        lanes_[digest::bucket_of(profile_, key_hash, buckets_.size())].add(row_hash);
    }
}

void StreamHasher::add_tuple(Bytes tuple) {
    if (!key_.empty()) {
        take_key(tuple);
    }
    if (profile_ != digest::Profile::fast) {
        count(digest::hash_row(profile_, tuple));
        return;
    }
    // As count() does, with numbers in registers: a third of the time of a short row.
    const digest::Hash128 row_hash = digest::hash_bytes(tuple);
    buckets_.add(key_.empty() ? row_hash : digest::hash_bytes(key_scratch_), row_hash);
}

std::vector<digest::DigestValue> StreamHasher::digests(std::uint64_t columns) const {
    std::vector<digest::DigestValue> values(buckets_.size());
    for (std::uint32_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        digest::DigestValue &value = values[bucket];
        if (profile_ == digest::Profile::fast) {
            value.rows = buckets_.at(bucket).rows;
            value.sum = digest::to_row_hash(buckets_.at(bucket).sum).words;
        } else {
            value = lanes_[bucket];
        }
        value.form = static_cast<std::uint8_t>(form_);
        value.columns = columns;
    }
    return values;
}

void StreamHasher::add_binary(Bytes row) {
    if (all_raw_) {
        add_tuple(row);
        return;
    }
    scratch_.resize(std::max(scratch_.size(), row.size()));
    std::memcpy(scratch_.data(), row.data(), row.size());
    const std::span<std::byte> copy(scratch_.data(), row.size());
    TupleReader fields(copy);
    for (std::uint16_t column = 0; column < column_count_; ++column) {
        const Bytes field = fields.next();
        if (!rules_[column].is_raw && !is_null(field)) {
            const auto offset = static_cast<std::size_t>(field.data() - copy.data());
            rewrite_field(rules_, column, copy.subspan(offset + 4, field.size() - 4));
        }
    }
    fields.expect_end();
    add_tuple(copy);
}

void StreamHasher::add_large_binary(Bytes row) {
    PiecewiseRowHash hash(profile_);
    hash.add(row.first(2));
    start_key();
    TupleReader fields(row);
    std::vector<std::byte> copy; // of a value to rewrite; given back, it may be giant
    for (std::uint16_t column = 0; column < column_count_; ++column) {
        Bytes field = fields.next();
        if (!rules_[column].is_raw && !is_null(field)) {
            copy.assign(field.begin(), field.end());
            rewrite_field(rules_, column, std::span(copy).subspan(4));
            field = copy;
        }
        hash.add(field);
        if (is_key(column)) {
            append_key(field);
        }
    }
    fields.expect_end();
    count(hash.value());
}

void StreamHasher::add_text(Bytes row) {
    scratch_.resize(std::max(scratch_.size(), 2 + 4 * std::size_t{column_count_} + row.size()));
    const std::byte *at = row.data();
    const std::byte *const end = at + row.size();
    std::byte *out = scratch_.data();
    put_u16(out, column_count_);
    out += 2;
    TextStop stop = TextStop::delimiter;
    for (std::uint16_t column = 0; column < column_count_; ++column) {
        if (stop == TextStop::end_of_line) {
            throw WireError("row ends before its last column");
        }
        const bool null = text_is_null(at, end);
        std::byte *const value = out + 4;
        out = value;
        stop = unescape_field(at, end, out, scratch_.data() + scratch_.size());
        if (null) {
            out = value;
        }
        put_u32(value - 4, null ? 0xFFFFFFFFU : static_cast<std::uint32_t>(out - value));
    }
    if (column_count_ == 0 ? at != end : stop != TextStop::end_of_line) {
        throw WireError("row goes on after its last column");
    }
    add_tuple(Bytes(scratch_.data(), out));
}

void StreamHasher::add_large_text(Bytes row) {
    PiecewiseRowHash hash(profile_);
    std::byte word[4];
    std::byte chunk[kChunk];
    put_u16(word, column_count_);
    hash.add(Bytes(word, 2));
    start_key();
    const std::byte *at = row.data();
    const std::byte *const end = at + row.size();
    TextStop stop = TextStop::delimiter;
    for (std::uint16_t column = 0; column < column_count_; ++column) {
        if (stop == TextStop::end_of_line) {
            throw WireError("row ends before its last column");
        }
        const bool null = text_is_null(at, end);
        const bool key = is_key(column);
        // The length comes before the bytes, so the field is read twice.
        std::uint32_t length = 0;
        const std::byte *ahead = at;
        do {
            std::byte *out = chunk;
            stop = unescape_field(ahead, end, out, chunk + kChunk);
            length += static_cast<std::uint32_t>(out - chunk);
        } while (stop == TextStop::out_of_room);
        put_u32(word, null ? 0xFFFFFFFFU : length);
        hash.add(Bytes(word));
        if (key) {
            append_key(word);
        }
        while (!null && length > 0) {
            std::byte *out = chunk;
            unescape_field(at, end, out, chunk + kChunk);
            const Bytes piece(chunk, out);
            length -= static_cast<std::uint32_t>(piece.size());
            hash.add(piece);
            if (key) {
                append_key(piece);
            }
        }
        at = ahead;
    }
    if (stop != TextStop::end_of_line) {
        throw WireError("row goes on after its last column");
    }
    count(hash.value());
}

} // namespace custody::wire
