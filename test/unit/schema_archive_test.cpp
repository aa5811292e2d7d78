// The archive reader and the script splitter, on archives that the test writes itself.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/schema/entry.hpp"

namespace custody::schema {
namespace {

/// Writes the custom format of version 1.14 as pg_backup_archiver.c does.
class Archive {
  public:
    Archive() {
        bytes_ = "PGDMP";
        bytes_ += std::string("\x01\x0e\x00\x04\x08\x01", 6);
        integer(0); // compression
        for (int field = 0; field < 7; ++field)
            integer(1);
        string("db");
        string("15.1");
        string("15.1");
    }
    void add(const Entry &entry) { entries_.push_back(entry); }
    std::string bytes() {
        std::string result = bytes_;
        std::swap(result, bytes_);
        bytes_ = result;
        integer(static_cast<int>(entries_.size()));
        for (const auto &entry : entries_)
            write(entry);
        std::swap(result, bytes_);
        return result;
    }

  private:
    void integer(int value) {
        bytes_ += value < 0 ? '\1' : '\0';
        auto rest = static_cast<unsigned>(value < 0 ? -value : value);
        for (int i = 0; i < 4; ++i, rest >>= 8)
            bytes_ += static_cast<char>(rest & 0xff);
    }
    void string(const std::string &text) {
        integer(static_cast<int>(text.size()));
        bytes_ += text;
    }
    void write(const Entry &entry) {
        integer(entry.dump_id);
        integer(0);
        string(std::to_string(entry.class_oid));
        string(std::to_string(entry.oid));
        string(entry.tag);
        string(entry.desc);
        integer(entry.section);
        string(entry.definition);
        string(entry.drop);
        integer(-1); // COPY statement: NULL
        string(entry.schema);
        string(entry.tablespace);
        string(entry.access_method);
        string(entry.owner);
        string("false");
        for (const int id : entry.depends)
            string(std::to_string(id));
        integer(-1);
        bytes_ += std::string(9, '\0');
    }

    std::string bytes_;
    std::vector<Entry> entries_;
};

Entry entry(int id, std::uint32_t oid, const std::string &desc, const std::string &tag,
            const std::string &definition) {
    Entry made;
    made.dump_id = id;
    made.class_oid = 1259;
    made.oid = oid;
    made.desc = desc;
    made.schema = "public";
    made.tag = tag;
    made.owner = "o";
    made.section = kPreData;
    made.definition = definition;
    return made;
}

std::string header(const Entry &e) {
    return fmt::format("--\n-- TOC entry {} (class {} OID {})\n-- Name: {}; Type: {}; Schema: {}; "
                       "Owner: {}\n-- Data Pos: 0\n--\n\n",
                       e.dump_id, e.class_oid, e.oid, e.tag, e.desc, e.schema, e.owner);
}

constexpr const char *kPreamble =
    "--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n\nSET row_security = off;\n\n";
constexpr const char *kEpilogue = "-- Completed on 2026-01-01\n\n\\unrestrict x\n\n--\n-- "
                                  "PostgreSQL database dump complete\n--\n\n";

TEST(SchemaArchive, ReadsEveryField) {
    Archive archive;
    auto first = entry(7, 16400, "TABLE", "line\nbreak -- x", "CREATE TABLE t ();\n");
    first.depends = {3, 5};
    first.tablespace = "fast";
    first.access_method = "heap";
    first.drop = "DROP TABLE t;\n";
    archive.add(first);
    archive.add(entry(8, 16401, "TABLE", "", ""));
    const auto entries = read_archive(archive.bytes());
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].dump_id, 7);
    EXPECT_EQ(entries[0].class_oid, 1259U);
    EXPECT_EQ(entries[0].oid, 16400U);
    EXPECT_EQ(entries[0].tag, "line\nbreak -- x");
    EXPECT_EQ(entries[0].section, kPreData);
    EXPECT_EQ(entries[0].tablespace, "fast");
    EXPECT_EQ(entries[0].access_method, "heap");
    EXPECT_EQ(entries[0].drop, "DROP TABLE t;\n");
    EXPECT_EQ(entries[0].depends, (std::vector<int>{3, 5}));
    EXPECT_EQ(entries[1].owner, "o");
}

TEST(SchemaArchive, RefusesWhatIsNone) {
    EXPECT_THROW(read_archive(""), Error);
    EXPECT_THROW(read_archive("PGDMX"), Error);
    Archive archive;
    archive.add(entry(7, 16400, "TABLE", "t", "CREATE TABLE t ();\n"));
    const auto bytes = archive.bytes();
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_THROW(read_archive(bytes.substr(0, length)), Error) << length;
}

TEST(SchemaScript, LookAlikesInADefinitionAreNotHeaders) {
    auto first = entry(1, 100, "FUNCTION", "f()", "");
    auto second = entry(2, 200, "TABLE", "t", "CREATE TABLE t ();\n");
    first.definition = "CREATE FUNCTION f() AS $$\n" + header(second) +
                       "\n--\n-- PostgreSQL database dump complete\n--\n\n$$;\n";
    std::vector<Entry> entries{first, second};
    const auto script = std::string(kPreamble) + header(first) + first.definition +
                        "\n\nALTER FUNCTION f() OWNER TO o;\n\n" + header(second) +
                        second.definition + "\n\nALTER TABLE t OWNER TO o;\n\n" + kEpilogue;
    ASSERT_TRUE(split_script(script, entries));
    EXPECT_EQ(entries[0].sql, first.definition.substr(0, first.definition.size() - 1) +
                                  "\n\nALTER FUNCTION f() OWNER TO o;");
    EXPECT_EQ(entries[1].sql, "CREATE TABLE t ();\n\nALTER TABLE t OWNER TO o;");
}

TEST(SchemaScript, SettingsGoToTheEntryTheyBelongTo) {
    auto first = entry(1, 100, "TABLE", "a", "CREATE TABLE a ();\n");
    auto second = entry(2, 200, "TABLE", "b", "CREATE TABLE b ();\n");
    second.tablespace = "fast \"one\"";
    second.access_method = "heap";
    std::vector<Entry> entries{first, second};
    const auto script = std::string(kPreamble) + "SET default_tablespace = '';\n\n" +
                        header(first) + first.definition +
                        "\n\nALTER TABLE a OWNER TO o;\n\nSET default_tablespace = \"fast "
                        "\"\"one\"\"\";\n\nSET default_table_access_method = heap;\n\n" +
                        header(second) + second.definition + "\n\n" + kEpilogue;
    ASSERT_TRUE(split_script(script, entries));
    EXPECT_EQ(entries[0].sql, "CREATE TABLE a ();\n\nALTER TABLE a OWNER TO o;");
    EXPECT_EQ(entries[1].sql, "SET LOCAL default_tablespace = \"fast \"\"one\"\"\";\n"
                              "SET LOCAL default_table_access_method = \"heap\";\n"
                              "CREATE TABLE b ();");
}

TEST(SchemaScript, DoubtIsReported) {
    const auto first = entry(1, 100, "TABLE", "a", "CREATE TABLE a ();\n");
    const auto second = entry(2, 200, "TABLE", "b", "CREATE TABLE b ();\n");
    const auto one = std::string(kPreamble) + header(first) + first.definition + "\n\n";
    std::vector<Entry> entries{first, second};
    EXPECT_FALSE(split_script(one + kEpilogue, entries)) << "an entry without a header";
    EXPECT_FALSE(split_script(one + header(first) + first.definition + kEpilogue, entries))
        << "two headers of one entry";
    auto stranger = entry(2, 999, "TABLE", "b", "CREATE TABLE b ();\n");
    EXPECT_FALSE(split_script(one + header(stranger) + stranger.definition + kEpilogue, entries))
        << "the right number with another oid";
}

TEST(SchemaScript, OneEntryByItself) {
    auto only = entry(1, 100, "TABLE", "a", "CREATE TABLE a ();\n");
    only.access_method = "heap";
    const auto script = std::string("--\n-- PostgreSQL database dump\n--\n\nSET x = 1;\n\n"
                                    "SET default_table_access_method = heap;\n\n--\n-- Name: a; "
                                    "Type: TABLE; Schema: public; Owner: o\n--\n\n") +
                        only.definition +
                        "\n\nALTER TABLE a OWNER TO o;\n\n--\n-- PostgreSQL "
                        "database dump complete\n--\n\n";
    EXPECT_EQ(script_of_one(script, only),
              "SET LOCAL default_table_access_method = \"heap\";\nCREATE TABLE a ();\n\n\nALTER "
              "TABLE a OWNER TO o;");
}

} // namespace
} // namespace custody::schema
