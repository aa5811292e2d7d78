// An entry of a dump's table of contents, and the reader of the archive that holds them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace custody::schema {

inline constexpr int kPreData = 2, kPostData = 4; // as pg_dump numbers sections

struct Entry {
    int dump_id = 0;
    std::uint32_t class_oid = 0; // catalog, 0 for an entry without one
    std::uint32_t oid = 0;       // on the source
    int section = 0;             // kPreData, kPostData, ...
    std::string desc;            // "TABLE", "FK CONSTRAINT", ...
    std::string schema;          // may be empty
    std::string tag;             // name as pg_dump gives it; for a constraint "table name"
    std::string owner;           // may be empty
    std::string tablespace;
    std::string access_method;
    std::string definition;   // the statements as pg_dump wrote them
    std::string drop;         // the DROP statement that names the object; may be empty
    std::vector<int> depends; // dump ids
    std::string sql;          // what pg_restore would send: definition, ownership, own settings
};

/// ENCODING, STDSTRINGS, SEARCHPATH: what pg_restore sets up for itself.
bool is_session(const Entry &entry);
/// DATABASE, its properties, grants, comment and labels: about the source's database itself.
bool is_about_database(const Entry &entry);

/// Reads the table of contents of a custom-format archive (written by pg_dump 12 or later) in its
/// order, with `sql` left empty. Pure. Throws Error "dump-unreadable" when the bytes are not such.
std::vector<Entry> read_archive(std::string_view archive);

/// Splits the script that `pg_restore --verbose` printed for that archive and fills in `sql`.
/// An entry's text is found by its header and skipped by the definition that the archive holds,
/// so that look-alikes of headers in function bodies or comments are never taken for one. The
/// settings of tablespace and access method, which the script prints between entries, are
/// left out of the text and put in front of the entry they belong to.
/// Returns false, with `sql` unspecified, when headers and entries do not match one to one.
bool split_script(std::string_view script, std::vector<Entry> &entries);

/// The text of the only entry in a script made by `pg_restore -L` (without --verbose).
std::string script_of_one(std::string_view script, const Entry &entry);

} // namespace custody::schema
