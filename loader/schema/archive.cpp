// The custom format as pg_backup_archiver.c writes it: head, then one record per entry. Integers
// are a sign byte and little-endian bytes, strings a length (-1 = NULL) and bytes.
#include <charconv>
#include <cstddef>

#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/schema/entry.hpp"

namespace custody::schema {
namespace {

constexpr int kVersion12 = 0x010e; // 1.14: table access methods
constexpr int kVersion16 = 0x010f; // 1.15: compression algorithm in the head
constexpr int kVersion17 = 0x0110; // 1.16: relkind in an entry
constexpr std::size_t kLargestEntryCount = 100'000'000;

[[noreturn]] void unreadable(const std::string &seen) {
    throw Error(Exit::refused, "dump-unreadable", "could not read what pg_dump wrote", seen,
                "use the pg_dump of a PostgreSQL version that this program is written for");
}

class Reader {
  public:
    explicit Reader(std::string_view data) : data_(data) {}

    std::string_view bytes(std::size_t count) {
        if (count > data_.size() - at_)
            unreadable(fmt::format("the archive ends at byte {}", data_.size()));
        at_ += count;
        return data_.substr(at_ - count, count);
    }
    int byte() { return static_cast<unsigned char>(bytes(1)[0]); }
    void sizes(int integer, int offset) {
        if (integer < 1 || integer > 8 || offset < 1 || offset > 16)
            unreadable("unknown integer size");
        integer_ = static_cast<std::size_t>(integer);
        offset_ = static_cast<std::size_t>(offset);
    }
    std::int64_t integer() {
        const bool negative = byte() != 0;
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const char c : bytes(integer_)) {
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << shift;
            shift += 8;
        }
        return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
    }
    bool string(std::string &into) {
        const auto length = integer();
        if (length < 0) {
            into.clear();
            return false;
        }
        into = bytes(static_cast<std::size_t>(length));
        return true;
    }
    std::string string() {
        std::string value;
        string(value);
        return value;
    }
    template <typename T> T number() {
        const auto text = string();
        T value{};
        const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (err != std::errc() || end != text.data() + text.size())
            unreadable(fmt::format("expected a number, found \"{}\"", text));
        return value;
    }
    void skip_offset() { bytes(1 + offset_); }

  private:
    std::string_view data_;
    std::size_t at_ = 0;
    std::size_t integer_ = 4;
    std::size_t offset_ = 8;
};

int read_head(Reader &reader) {
    if (reader.bytes(5) != "PGDMP")
        unreadable("not an archive of pg_dump");
    const int major = reader.byte(), minor = reader.byte();
    reader.byte(); // revision
    const int version = major * 256 + minor;
    if (version < kVersion12 || version > kVersion17)
        unreadable(fmt::format("unknown archive version {}.{}", major, minor));
    const int integer = reader.byte(), offset = reader.byte();
    reader.sizes(integer, offset);
    if (reader.byte() != 1)
        unreadable("not an archive in custom format");
    if (version >= kVersion16)
        reader.byte(); // compression algorithm
    else
        reader.integer(); // compression level
    for (int field = 0; field < 7; ++field)
        reader.integer(); // time of creation
    for (int field = 0; field < 3; ++field)
        reader.string(); // database, version of the server, version of pg_dump
    return version;
}

Entry read_entry(Reader &reader, int version) {
    Entry entry;
    entry.dump_id = static_cast<int>(reader.integer());
    reader.integer(); // has data
    entry.class_oid = reader.number<std::uint32_t>();
    entry.oid = reader.number<std::uint32_t>();
    entry.tag = reader.string();
    entry.desc = reader.string();
    entry.section = static_cast<int>(reader.integer());
    entry.definition = reader.string();
    entry.drop = reader.string();
    reader.string(); // COPY statement
    entry.schema = reader.string();
    entry.tablespace = reader.string();
    entry.access_method = reader.string();
    if (version >= kVersion17)
        reader.integer(); // relkind
    entry.owner = reader.string();
    reader.string(); // "with oids", always false
    std::string dependency;
    while (reader.string(dependency)) {
        int id = 0;
        std::from_chars(dependency.data(), dependency.data() + dependency.size(), id);
        entry.depends.push_back(id);
    }
    reader.skip_offset();
    return entry;
}

} // namespace

bool is_session(const Entry &entry) {
    return entry.desc == "ENCODING" || entry.desc == "STDSTRINGS" || entry.desc == "SEARCHPATH";
}

bool is_about_database(const Entry &entry) {
    if (entry.desc == "DATABASE" || entry.desc == "DATABASE PROPERTIES")
        return true;
    const bool attached =
        entry.desc == "ACL" || entry.desc == "COMMENT" || entry.desc == "SECURITY LABEL";
    return attached && entry.tag.starts_with("DATABASE ");
}

std::vector<Entry> read_archive(std::string_view archive) {
    Reader reader(archive);
    const int version = read_head(reader);
    const auto count = static_cast<std::size_t>(reader.integer());
    if (count > kLargestEntryCount)
        unreadable(fmt::format("{} entries", count));
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < count; ++i)
        entries.push_back(read_entry(reader, version));
    return entries;
}

} // namespace custody::schema
